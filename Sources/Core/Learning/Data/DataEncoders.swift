package import CatenaModels
package import CatenaText

/// Chooses how a model's data become tokens.
package struct DataEncoders {
    private let tokenizer: Result<Tokenizer, any Error>
    private let template: String
    private let date: TemplateDate
    private let maximumLength: Int
    private let lengthName: String
    private let vocabularySize: Int?
    private let typeCount: Int?
    private let task: Task
    private let labels: ClassLabels?
    private let images: ImageConfiguration?

    /// - Parameters:
    ///   - tokenizer: the model's, or why it cannot be used.
    ///   - template: as ``ChatTemplate/init(named:tokenizer:date:)`` takes it.
    ///   - date: the day that the template writes where it asks for the time.
    ///   - maximumLength: the most tokens of an example, checked against the model's positions.
    ///   - lengthName: what the user calls it.
    ///   - task: what the examples are for.
    ///   - labels: the classes of a classification.
    ///   - model: nil where nothing is known of it: ids and lengths are then not compared with it.
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)`` for a length that the model cannot have.
    package init(
        tokenizer: Result<Tokenizer, any Error>, template: String, date: TemplateDate = .standard,
        maximumLength: Int, lengthName: String, task: Task = .languageModel, labels: ClassLabels? = nil,
        model: ModelConfiguration?
    ) throws(DataError) {
        guard maximumLength >= 2 else {
            throw .invalidSetting(name: lengthName, value: "\(maximumLength)", expected: "at least 2 tokens")
        }
        if let positions = model?.maximumPositions, maximumLength > positions {
            throw .invalidSetting(
                name: lengthName, value: "\(maximumLength)",
                expected: "at most the model's \(positions) positions (max_position_embeddings)")
        }
        self.tokenizer = tokenizer
        self.template = template
        self.date = date
        self.maximumLength = maximumLength
        self.lengthName = lengthName
        (self.task, self.labels, images) = (task, labels, model?.images)
        vocabularySize = model?.vocabularySize
        typeCount = model.map { max($0.tokenTypes, 1) }
    }

    /// The encoder of examples: with the tokenizer and a template, or of token ids alone where the tokenizer cannot be used. Texts that
    /// are judged as a whole have no template but the tokenizer's own.
    package func encoder() throws -> any ExampleEncoding {
        if let images, let labels { return ImageEncoder(images, labels: labels) }
        switch task {
        case .classification, .regression, .multiLabel:
            return try SequenceEncoder(
                tokenizer: try tokenizer.get(), maximumLength: maximumLength, labels: labels,
                modelVocabularySize: vocabularySize, typeCount: typeCount, lengthName: lengthName)
        case .preference: return PreferenceEncoder(try textEncoder())
        case .languageModel, .sequenceToSequence: break
        }
        guard case .failure(let error) = tokenizer else { return try textEncoder() }
        return TokenIdEncoder(
            maximumLength: maximumLength, vocabularySize: vocabularySize ?? Int(Int32.max), reason: "\(error)")
    }

    /// The encoder of examples that are texts.
    ///
    /// - Throws: why the tokenizer cannot be used, or what choosing the template throws.
    package func textEncoder() throws -> ExampleEncoder {
        let tokenizer = try tokenizer.get()
        return try ExampleEncoder(
            tokenizer: tokenizer, template: try ChatTemplate(named: template, tokenizer: tokenizer, date: date),
            maximumLength: maximumLength, modelVocabularySize: vocabularySize)
    }
}
