import CatenaAdapters
package import CatenaEngine
public import CatenaFiles
public import CatenaModels

/// A batch of images, to be compared with what another framework computes from it.
public struct ImageProbeInput {
    /// The images with their labels.
    package let batch: Batch

    /// Whether the file at `path` holds images.
    ///
    /// - Throws: ``FileError``.
    public static func isHeld(by path: String) throws -> Bool {
        try SafetensorsFile(path: path).tensors.keys.contains("images")
    }

    /// Reads `images` `[B, C, h, w]`, numbers, and `labels` `[B]`, whole numbers, and checks them against `model`.
    ///
    /// - Throws: ``FileError``, ``ModelError`` or ``EvaluationError`` for what is missing, has another shape or is out of range.
    public init(path: String, model: LanguageModel) throws {
        let file = try SafetensorsFile(path: path)
        guard let shape = model.configuration.images else {
            throw ModelError.wrongTask("a \(model.configuration.family) model", needed: "a model of images")
        }
        let (images, labels) = (try Self.tensor("images", file), try Self.tensor("labels", file))
        let expected = [shape.channels, shape.grid.height, shape.grid.width]
        guard images.shape.count == 4, Array(images.shape.dropFirst()) == expected, images.shape[0] > 0 else {
            throw FileError.wrongShape(
                path: path, tensor: "images", expected: [images.shape.first.map { max($0, 1) } ?? 1] + expected,
                actual: images.shape)
        }
        let count = images.shape[0]
        try labels.requireShape([count])
        guard labels.encoding.isInteger else {
            throw FileError.wrongEncoding(path: path, tensor: "labels", expected: "int64", actual: labels.encoding)
        }
        let (pixels, targets) = (try images.floats(), try labels.integers())
        let labelCount = model.configuration.sequenceHead?.labels.count ?? 0
        var batch = Batch()
        for (index, target) in targets.enumerated() {
            guard target >= 0, target < labelCount else {
                throw EvaluationError.categoryOutOfRange(path: path, label: Int(target), labelCount: labelCount)
            }
            batch.append(
                pixels: pixels[index * shape.pixelCount..<(index + 1) * shape.pixelCount],
                target: .category(Int32(target)), exampleIndex: index)
        }
        self.batch = batch
    }

    private static func tensor(_ name: String, _ file: SafetensorsFile) throws(FileError) -> StoredTensor {
        guard let tensor = file.tensors[name] else {
            throw .missingTensor(
                path: file.path, tensor: name,
                nearest: NearestName.matches(for: name, among: file.tensors.keys.sorted()))
        }
        return tensor
    }
}

/// What an image model computes for an ``ImageProbeInput``, as it is trained: with the statistics of the batch.
public struct ImageProbe {
    /// Logits in training, `[B, C]`.
    package let logits: Tensor
    /// Logits with the running statistics; those of training where a model has none.
    package let evaluationLogits: Tensor
    /// Mean loss in training.
    package let loss: Double
    /// The gradient of `loss` by each parameter, under its name in the model's files.
    package let gradients: [(name: String, shape: [Int], values: [Float])]

    /// Computes both logits, the loss, and the gradients of all parameters if they are wanted. The model is made trainable.
    public init(_ input: ImageProbeInput, model: LanguageModel, wantsGradients: Bool) {
        let (batch, engine) = (input.batch, model.engine)
        let parameters = ParameterSet(model.makeAllTrainable(), memory: engine.memory)
        evaluationLogits = model.head.scores(
            model.hiddenStates(of: batch), layout: batch.layout, engine: engine)
        let hidden = model.hiddenStates(of: batch, asInTraining: true)
        logits = model.head.scores(hidden, layout: batch.layout, engine: engine)
        guard wantsGradients else {
            let loss = model.head.loss(hidden, of: batch, CrossEntropy(), wantsGradient: false, engine: engine)
            (self.loss, gradients) = (loss.sum / loss.weight, [])
            return
        }
        let loss = GradientPass(model: model, objective: CrossEntropy()).run(batch)
        self.loss = loss.sum / loss.weight
        gradients = zip(parameters.parameters, parameters.means(overWeight: loss.weight)).filter { !$0.0.isStatistic }
            .map(\.1)
    }

    /// Writes `logits` and `eval_logits` `[B, C]`, `loss` `[1]` and `grad.<name>` for each gradient as float32 safetensors.
    public func write(to path: String) throws(FileError) {
        var writer = SafetensorsWriter()
        for (name, scores) in [("logits", logits), ("eval_logits", evaluationLogits)] {
            writer.append(name, shape: [scores.rows, scores.columns], .generated { scores.elements() })
        }
        writer.append("loss", shape: [1], .float32([Float(loss)]))
        for gradient in gradients {
            writer.append("grad." + gradient.name, shape: gradient.shape, .float32(gradient.values))
        }
        try writer.write(to: path)
    }
}
