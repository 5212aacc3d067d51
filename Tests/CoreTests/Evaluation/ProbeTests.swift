import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

@Suite("Probe")
struct ProbeTests {
    private func file(_ folder: TinyFolder, ids: [Int64], labels: [Int64], shape: [Int], labelShape: [Int]? = nil)
        throws -> String
    {
        let path = folder.path + "/in.safetensors"
        var writer = SafetensorsWriter()
        writer.append("input_ids", shape: shape, .int64(ids))
        writer.append("labels", shape: labelShape ?? shape, .int64(labels))
        try writer.write(to: path)
        return path
    }

    @Test("labels are shifted within each sequence")
    func targets() throws {
        let folder = try TinyFolder()
        let path = try file(folder, ids: [1, 2, 3, 4, 5, 6], labels: [1, 2, 3, 4, -100, 6], shape: [2, 3])
        let input = try ProbeInput(path: path, vocabularySize: 13)
        #expect(input.targets == [2, 3, -100, -100, 6, -100])
        #expect(input.layout.segmentStarts == [0, 3, 6])
        #expect(input.layout.positions == [0, 1, 2, 0, 1, 2])
    }

    @Test("what is written is logits, mean loss and the loss's gradients")
    func written() throws {
        let files = try ExportCase()
        let model = try files.model()
        let trainable = try model.loadAdapterWithoutDropout(files.adapterPath)
        let probe = Probe(ExportCase.input, model: model, trainable: trainable)
        let path = files.path + "/out.safetensors"
        try probe.write(to: path)
        let tensors = try SafetensorsFile(path: path).tensors
        #expect(tensors.count == 2 + trainable.parameters.count)
        #expect(tensors["logits"]?.shape == [2, 5, 13])
        #expect(tensors["loss"]?.shape == [1])
        // The mean over 8 targets by the definition.
        let logits = try #require(try tensors["logits"]?.floats())
        var sum = 0.0
        for (row, target) in ExportCase.input.targets.enumerated() where target >= 0 {
            let values = logits[13 * row..<13 * (row + 1)].map { Double($0) }
            sum += log(values.reduce(0) { $0 + exp($1) }) - values[Int(target)]
        }
        #expect(abs(Double(try #require(try tensors["loss"]?.floats().first)) - sum / 8) < 1e-5)
        // A step against one gradient entry changes the loss by that much.
        let index = 1
        let gradient = try #require(try tensors["grad." + trainable.parameters[index].name]?.floats())
        let entry = try #require(gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
        let pointer = trainable.parameters[index].value.pointer + entry
        let original = pointer.pointee
        let losses = [Float(1e-2), -1e-2].map { step in
            pointer.pointee = original + step
            return Probe(ExportCase.input, model: model).loss
        }
        #expect(
            abs((losses[0] - losses[1]) / 2e-2 - Double(gradient[entry])) < 1e-3 * max(1, Double(abs(gradient[entry]))))
    }

    @Test("bad batches are refused")
    func bad() throws {
        let folder = try TinyFolder()
        func read(_ ids: [Int64], _ labels: [Int64], _ shape: [Int], _ labelShape: [Int]? = nil) throws {
            _ = try ProbeInput(
                path: try file(folder, ids: ids, labels: labels, shape: shape, labelShape: labelShape),
                vocabularySize: 13)
        }
        let path = folder.path + "/in.safetensors"
        #expect(throws: EvaluationError.notABatch(path: path, tensor: "input_ids", shape: [2])) {
            try read([1, 2], [1, 2], [2])
        }
        #expect(throws: ModelError.tokenOutOfRange(id: 13, vocabularySize: 13)) { try read([1, 13], [1, 2], [1, 2]) }
        #expect(throws: ModelError.tokenOutOfRange(id: -1, vocabularySize: 13)) { try read([1, -1], [1, 2], [1, 2]) }
        #expect(throws: EvaluationError.labelOutOfRange(path: path, label: -2, vocabularySize: 13)) {
            try read([1, 2], [1, -2], [1, 2])
        }
        #expect(throws: EvaluationError.nothingSupervised(path: path)) { try read([1, 2], [1, -100], [1, 2]) }
        #expect(throws: FileError.wrongShape(path: path, tensor: "labels", expected: [1, 2], actual: [1, 1])) {
            try read([1, 2], [1], [1, 2], [1, 1])
        }
    }
}
