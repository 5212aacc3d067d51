import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaLearning
import CatenaModels
import Foundation
import Testing

/// A folder that Tests/Reference/image_cases.py made with torch, or one of the oracle's with the configuration that belongs to it.
struct ImageCase: CustomTestStringConvertible, Sendable {
    let folder: String
    /// `config.json` of a case whose weights are in init.safetensors.
    var configuration: String?
    var testDescription: String { URL(fileURLWithPath: folder).lastPathComponent }

    static let committed = ["convnet", "convnet-28", "preresnet", "resnet"].map {
        ImageCase(folder: ParityCase.root + "/Tests/Fixtures/images/" + $0)
    }

    private static let residual =
        #""num_channels": 3, "image_size": 16, "widths": [4, 8, 16], "blocks": 5, "num_labels": 10}"#
    static let shared = [
        (
            "convnet-8x8",
            #"{"model_type": "convnet", "image_size": 8, "num_channels": 1, "width": 24, "num_labels": 10}"#
        ),
        (
            "convnet-28x28",
            #"{"model_type": "convnet", "image_size": 28, "num_channels": 1, "width": 16, "num_labels": 10}"#
        ),
        ("resnet32", #"{"model_type": "resnet", "# + residual),
        ("preresnet32", #"{"model_type": "preresnet", "# + residual),
    ].map { ImageCase(folder: ParityCase.root + "/../shared/fixtures/families/" + $0.0, configuration: $0.1) }
        .filter { FileManager.default.fileExists(atPath: $0.folder) }

    /// The model's folder; made in `place` where the case has none.
    func model(in place: TinyFolder) throws -> String {
        guard let configuration else { return folder + "/model" }
        try place.write("config.json", configuration)
        try FileManager.default.copyItem(
            atPath: folder + "/model/init.safetensors", toPath: place.path + "/model.safetensors")
        return place.path
    }
}

/// Both sides compute in float32 in different orders.
@Suite("Image models beside torch")
struct ImageParityTests {
    @Test("logits, loss and the gradient of every parameter", arguments: ImageCase.committed)
    func committed(_ image: ImageCase) throws { try compare(image) }

    @Test(
        "the oracle's cases, when ../shared is there",
        .enabled(if: !ImageCase.shared.isEmpty, "no ../shared/fixtures/families beside the repository"),
        arguments: ImageCase.shared)
    func shared(_ image: ImageCase) throws { try compare(image) }

    private func compare(_ image: ImageCase) throws {
        let place = try TinyFolder()
        let path = image.folder + "/expected.safetensors"
        let model = try LanguageModel.load(image.model(in: place), engine: Engine(threads: 1))
        let probe = ImageProbe(try ImageProbeInput(path: path, model: model), model: model, wantsGradients: true)
        let expected = try SafetensorsFile(path: path)
        func floats(_ name: String) throws -> [Float] { try #require(expected.tensors[name]).floats() }
        func distance(_ found: [Float], _ name: String) throws -> Float {
            let wanted = try floats(name)
            #expect(found.count == wanted.count, "\(name)")
            return zip(found, wanted).map { abs($0 - $1) }.max() ?? .infinity
        }
        #expect(try distance(probe.logits.elements(), "logits") < 1e-5)
        #expect(try distance(probe.evaluationLogits.elements(), "eval_logits") < 1e-5)
        let names = expected.tensors.keys.filter { $0.hasPrefix("grad.") }
        #expect(Set(names) == Set(probe.gradients.map { "grad." + $0.name }))
        let largest = try names.flatMap { try floats($0) }.map(abs).max() ?? 0
        for gradient in probe.gradients {
            #expect(try distance(gradient.values, "grad." + gradient.name) < 5e-5 * largest, "\(gradient.name)")
            #expect(gradient.shape == expected.tensors["grad." + gradient.name]?.shape)
        }
    }

    @Test("ten steps of SGD with momentum and weight decay, and the running statistics", arguments: ImageCase.committed)
    func training(_ image: ImageCase) throws {
        let path = image.folder + "/expected.safetensors"
        let expected = try SafetensorsFile(path: path)
        let model = try LanguageModel.load(image.folder + "/model", engine: Engine(threads: 1))
        let batch = try ImageProbeInput(path: path, model: model).batch
        let parameters = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        let sgd = try #require(expected.tensors["sgd"]).floats()
        let optimizer = SGD(
            parameters, momentum: Double(sgd[1]), weightDecay: Double(sgd[2]), engine: model.engine)
        let losses = try #require(expected.tensors["losses"]).floats()
        for wanted in losses {
            parameters.gradients.fill(0)
            let loss = GradientPass(model: model, objective: CrossEntropy()).run(batch)
            for statistics in model.statistics { statistics.update() }
            optimizer.step(learningRate: Double(sgd[0]), gradientScale: 1 / loss.weight)
            #expect(abs(Float(loss.sum / loss.weight) - wanted) < 1e-4)
        }
        var count = 0
        try model.namedWeights { name, shape, value in
            let tensor = try #require(expected.tensors["after." + name], "\(name)")
            #expect(tensor.shape == shape)
            let distance = try zip(value.elements(), tensor.floats()).map { abs($0 - $1) }.max() ?? .infinity
            #expect(distance < 2e-4, "\(name)")
            count += 1
        }
        #expect(count == expected.tensors.keys.count { $0.hasPrefix("after.") })
    }

    @Test(
        "a group of batch normalisation is as many images as the model says, in parts of any size", arguments: [2, 4])
    func groups(microBatch: Int) throws {
        let place = try TinyFolder()
        let image = ImageCase.committed[3]
        let text = try String(contentsOfFile: image.folder + "/model/config.json", encoding: .utf8)
        try place.write(
            "config.json", text.replacingOccurrences(of: "\"num_labels\"", with: "\"norm_images\": 2, \"num_labels\""))
        try FileManager.default.copyItem(
            atPath: image.folder + "/model/model.safetensors", toPath: place.path + "/model.safetensors")
        func gradients(_ size: Int) throws -> (values: [Float], statistics: [Float]) {
            let model = try LanguageModel.load(place.path, engine: Engine(threads: 1))
            let batch = try ImageProbeInput(path: image.folder + "/expected.safetensors", model: model).batch
            let parameters = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
            parameters.gradients.fill(0)
            for first in stride(from: 0, to: 6, by: size) {
                var part = Batch()
                for index in first..<min(first + size, 6) {
                    let pixels = batch.pixels.count / 6
                    part.append(
                        pixels: batch.pixels[index * pixels..<(index + 1) * pixels],
                        target: batch.segmentTargets[index], exampleIndex: index)
                }
                _ = GradientPass(model: model, objective: CrossEntropy()).run(part)
            }
            for statistics in model.statistics { statistics.update() }
            return (
                parameters.gradients.elements(),
                model.statistics.flatMap { $0.filedVectors.flatMap { $0.value.elements() } }
            )
        }
        let (whole, parts) = (try gradients(6), try gradients(microBatch))
        #expect(whole.values.contains { $0 != 0 } && whole.statistics.contains { $0 != 0 && $0 != 1 })
        for (one, other) in [(whole.values, parts.values), (whole.statistics, parts.statistics)] {
            #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-4 })
        }
    }

    @Test("further steps need no memory of the system", arguments: ImageCase.committed)
    func steadyMemory(_ image: ImageCase) throws {
        let model = try LanguageModel.load(image.folder + "/model", engine: Engine(threads: 1))
        let batch = try ImageProbeInput(path: image.folder + "/expected.safetensors", model: model).batch
        let parameters = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        let pass = GradientPass(model: model, objective: CrossEntropy())
        var counts: [Int] = []
        for _ in 0..<5 {
            parameters.gradients.fill(0)
            _ = pass.run(batch)
            counts.append(model.engine.memory.systemAllocationCount)
        }
        #expect(Set(counts[2...]).count == 1, "\(counts)")
    }

    @Test("the gradient of the loss by the pixels is that of finite differences")
    func pixelGradients() throws {
        let path = ImageCase.committed[0].folder
        let model = try LanguageModel.load(path + "/model", engine: Engine(threads: 1))
        var batch = try ImageProbeInput(path: path + "/expected.safetensors", model: model).batch
        let loss = GradientPass(model: model, objective: CrossEntropy(), wanting: [.pixels]).run(batch)
        let gradient = try #require(loss.inputGradients[.pixels])
        #expect(gradient.rows == 4 && gradient.columns == 360)
        for index in [0, 77, 400, 1111] {
            let original = batch.pixels[index]
            var sums: [Double] = []
            for change in [Float(1e-2), -1e-2] {
                batch.pixels[index] = original + change
                sums.append(try model.losses([batch], objective: CrossEntropy())[0].sum)
            }
            batch.pixels[index] = original
            #expect(abs(Double(gradient.elements()[index]) - (sums[0] - sums[1]) / 2e-2) < 2e-4)
        }
    }
}
