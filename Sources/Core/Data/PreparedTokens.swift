/// The tokens of many examples, one after the other, and where each begins.
///
/// A part of a file can be prepared on its own and parts be appended in order: the result is the same as preparing
/// the whole at once, so that several processes can share the work.
public struct PreparedTokens: Sendable, Equatable {
    /// Example `i` is `offsets[i]..<offsets[i + 1]` of `inputIds` and `labels`.
    public internal(set) var offsets = [0]
    /// Token ids of all examples, one after the other.
    public internal(set) var inputIds: [Int32] = []
    /// What is learned at each place, or -100.
    public internal(set) var labels: [Int32] = []
    var readCount = 0
    var cutCount = 0
    var droppedCount = 0
    /// What is wrong with examples that are not among them.
    package internal(set) var faults = DataFaults()
    /// Examples that a template wrote as conversations, and what became of them.
    var conversationCount = 0
    var conversationExampleCount = 0
    /// What templates had to say, and for how many examples.
    var templateNotes: [String: Int] = [:]

    /// No examples.
    public init() {}

    /// Encodes examples; one with nothing to learn is a fault, unless only its truncation is the cause: then it is left out and
    /// counted.
    ///
    /// - Throws: ``DataError/tokenizerNeeded(file:line:form:reason:)``; what is wrong with single examples is in ``faults``.
    package init(
        _ examples: some Collection<SourcedExample>, encoder: any ExampleEncoding
    ) throws(DataError) {
        for sourced in examples {
            readCount += 1
            do throws(DataError) {
                try append(sourced, encoder: encoder)
            } catch {
                if case .tokenizerNeeded = error { throw error }
                faults.add(error)
            }
        }
    }

    private mutating func append(_ sourced: SourcedExample, encoder: any ExampleEncoding) throws(DataError) {
        let record = try encoder.record(sourced)
        guard sourced.example.hasTarget, !record.examples.isEmpty else { throw Self.nothingSupervised(sourced) }
        if record.isConversation {
            conversationCount += 1
            conversationExampleCount += record.examples.count
        }
        for note in Set(record.notes) { templateNotes[note, default: 0] += 1 }
        for encoded in record.examples {
            if encoded.wasCut { cutCount += 1 }
            if encoded.supervisedCount > 0 {
                append(encoded)
            } else if encoded.wasCut {
                droppedCount += 1
            } else {
                throw Self.nothingSupervised(sourced)
            }
        }
    }

    /// How many examples there are.
    public var count: Int { offsets.count - 1 }

    /// Adds the examples of a part that comes after this one.
    public mutating func append(contentsOf part: PreparedTokens) {
        let start = inputIds.count
        offsets += part.offsets.dropFirst().map { $0 + start }
        inputIds += part.inputIds
        labels += part.labels
        readCount += part.readCount
        cutCount += part.cutCount
        droppedCount += part.droppedCount
        faults.append(part.faults)
        conversationCount += part.conversationCount
        conversationExampleCount += part.conversationExampleCount
        templateNotes.merge(part.templateNotes, uniquingKeysWith: +)
    }

    /// Counts and lengths.
    public var statistics: DataStatistics {
        var statistics = DataStatistics()
        statistics.readCount = readCount
        statistics.exampleCount = count
        statistics.cutCount = cutCount
        statistics.droppedCount = droppedCount
        statistics.conversationCount = conversationCount
        statistics.conversationExampleCount = conversationExampleCount
        statistics.templateNotes = templateNotes
        statistics.tokenCount = inputIds.count
        for example in 0..<count {
            let labels = labels[(offsets[example] + 1)..<offsets[example + 1]]
            statistics.supervisedCount += labels.count { $0 != EncodedExample.ignored }
        }
        statistics.summarise(lengths: (0..<count).map { offsets[$0 + 1] - offsets[$0] })
        return statistics
    }

    /// Adds an example up to its last learned token: what comes after (a template's last line feed, padding) has no
    /// influence on the loss and would only cost time.
    private mutating func append(_ example: EncodedExample) {
        let end = (example.labels.lastIndex { $0 != EncodedExample.ignored } ?? -1) + 1
        inputIds += example.inputIds[..<end]
        labels += example.labels[..<end]
        offsets.append(inputIds.count)
    }

    private static func nothingSupervised(_ sourced: SourcedExample) -> DataError {
        .nothingSupervised(file: sourced.file, line: sourced.line, form: sourced.example.form)
    }
}
