/// The tokens of many examples, one after the other, and where each begins.
import CatenaModels
///
/// A part of a file can be prepared on its own and parts be appended in order: the result is the same as preparing
/// the whole at once, so that several processes can share the work.
package struct PreparedTokens: Sendable, Equatable {
    /// Example `i` is `offsets[i]..<offsets[i + 1]` of `inputIds` and `labels`.
    package internal(set) var offsets = [0]
    /// Token ids of all examples, one after the other.
    package internal(set) var inputIds: [Int32] = []
    /// What is learned at each place, or -100; token types where sequences are judged.
    package internal(set) var labels: [Int32] = []
    /// What the examples are.
    package internal(set) var content = DataContent.tokens
    /// A number for each example where they are not of tokens alone: its class, the bits of its value, or how many of its tokens are the
    /// chosen answer's.
    package internal(set) var marks: [Int64] = []
    var equalCount = 0
    /// Classes, where sequences are of classes.
    var categoryCount = 0
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
    package init() {}

    /// Encodes examples; one with nothing to learn is a fault, unless only its truncation is the cause: then it is left out and
    /// counted.
    ///
    /// - Throws: ``DataError/tokenizerNeeded(file:line:form:reason:)``; what is wrong with single examples is in ``faults``.
    package init(
        _ examples: some Collection<SourcedExample>, encoder: any ExampleEncoding
    ) throws(DataError) {
        content = encoder.content
        categoryCount = encoder.categoryCount
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
        guard sourced.example.hasTarget else { throw Self.nothingSupervised(sourced) }
        if record.areEqual {
            equalCount += 1
            return
        }
        if record.examples.isEmpty, record.wasCut {
            cutCount += 1
            droppedCount += 1
            return
        }
        guard !record.examples.isEmpty else { throw Self.nothingSupervised(sourced) }
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
    package var count: Int { offsets.count - 1 }

    /// Adds the examples of a part that comes after this one.
    package mutating func append(contentsOf part: PreparedTokens) {
        let start = inputIds.count
        offsets += part.offsets.dropFirst().map { $0 + start }
        inputIds += part.inputIds
        labels += part.labels
        marks += part.marks
        // What the first of them, which has no examples, does not know.
        if part.content != .tokens { (content, categoryCount) = (part.content, part.categoryCount) }
        equalCount += part.equalCount
        readCount += part.readCount
        cutCount += part.cutCount
        droppedCount += part.droppedCount
        faults.append(part.faults)
        conversationCount += part.conversationCount
        conversationExampleCount += part.conversationExampleCount
        templateNotes.merge(part.templateNotes, uniquingKeysWith: +)
    }

    /// Counts and lengths.
    package var statistics: DataStatistics {
        var statistics = DataStatistics()
        statistics.readCount = readCount
        statistics.exampleCount = count
        statistics.cutCount = cutCount
        statistics.droppedCount = droppedCount
        statistics.conversationCount = conversationCount
        statistics.conversationExampleCount = conversationExampleCount
        statistics.templateNotes = templateNotes
        statistics.tokenCount = inputIds.count
        for example in 0..<count { statistics.supervisedCount += supervisedCount(of: example) }
        if content != .tokens { statistics.content = content }
        if equalCount > 0 { statistics.equalCount = equalCount }
        if content == .categories || content == .images {
            var counts = [Int](repeating: 0, count: categoryCount)
            for mark in marks { counts[Int(mark)] += 1 }
            statistics.categoryCounts = counts
        }
        statistics.summarise(lengths: (0..<count).map { offsets[$0 + 1] - offsets[$0] })
        return statistics
    }

    /// What counts as learned of an example.
    private func supervisedCount(of example: Int) -> Int {
        let range = offsets[example]..<offsets[example + 1]
        func learned(_ range: Range<Int>) -> Int {
            labels[range].dropFirst().count { $0 != EncodedExample.ignored }
        }
        switch content {
        case .tokens: return learned(range)
        case .categories, .values, .images: return 1
        case .pairs:
            let border = range.lowerBound + Int(marks[example])
            return learned(range.lowerBound..<border) + learned(border..<range.upperBound)
        }
    }

    private mutating func append(_ example: EncodedExample) {
        switch (example.target, example.chosenCount) {
        case (.category(let place), _) where content == .images: append(example.inputIds, [], mark: Int64(place))
        case (.category(let place), _): append(example.inputIds, example.types, mark: Int64(place))
        case (.value(let value), _): append(example.inputIds, example.types, mark: Int64(value.bitPattern))
        case (nil, let count?): append(example.inputIds, example.labels, mark: Int64(count))
        case (nil, nil):
            let example = example.trimmed
            append(example.inputIds, example.labels, mark: nil)
        }
    }

    private mutating func append(_ ids: [Int32], _ labels: [Int32], mark: Int64?) {
        inputIds += ids
        self.labels += labels
        offsets.append(inputIds.count)
        if let mark { marks.append(mark) }
    }

    private static func nothingSupervised(_ sourced: SourcedExample) -> DataError {
        .nothingSupervised(file: sourced.file, line: sourced.line, form: sourced.example.form)
    }
}

extension EncodedExample {
    /// The type of each token.
    fileprivate var types: [Int32] {
        tokenTypes.isEmpty ? Array(repeating: 0, count: inputIds.count) : tokenTypes
    }
}
