/// Why training or evaluation data could not be read or prepared.
///
/// `file` and `line` are where to look; lines count from 1.
package enum DataError: Error, Equatable, Sendable {
    /// The file is missing or cannot be read.
    case unreadable(file: String, reason: String)
    /// The file has no example in it.
    case empty(file: String)
    /// A file whose bytes are of another container than JSON text.
    case unsupportedContainer(file: String, found: String)
    /// Lines that are no examples.
    case faults(DataFaults)
    /// An example of text for a model whose tokenizer cannot be used.
    case tokenizerNeeded(file: String, line: RecordPlace, form: String, reason: String)
    /// A text that is not JSON.
    case invalidJSON(file: String, line: Int, column: Int, reason: String)
    /// An example that is JSON but none of the known forms, or a field of the wrong type or value.
    case invalidExample(file: String, line: RecordPlace, expected: String, found: String)
    /// An example of another form than the file's first.
    case mixedForms(file: String, line: RecordPlace, form: String, firstLine: RecordPlace, firstForm: String)
    /// An example in which no token is to be learned.
    case nothingSupervised(file: String, line: RecordPlace, form: String)
    /// After truncation no example of the file has a token left to be learned.
    case nothingSupervisedAfterTruncation(file: String, exampleCount: Int, maximumLength: Int)
    /// A file or folder of images that is not what it should be.
    case notImages(file: String, expected: String, found: String)
    /// All examples are of one class.
    case oneClass(file: String, label: String)
    /// All pairs have equal answers.
    case equalAnswers(file: String, pairCount: Int)
    /// `template` names none of the known templates.
    case unknownTemplate(String, known: [String])
    /// A setting outside its range.
    case invalidSetting(name: String, value: String, expected: String)
    /// The prepared data that another process should have left is not there or damaged.
    case preparedDataMissing(path: String, reason: String)
    /// The prepared data could not be written.
    case unwritable(path: String, reason: String)
    /// An answer pattern that is no regular expression with a group.
    case invalidPattern(String, reason: String)
}

extension DataError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): cannot be read: \(reason); give the path of a .jsonl, .json or .txt file."
        case .empty(let file):
            "\(file): expected at least one example, found none; the file is empty or has only blank lines."
        case .unsupportedContainer(let file, let found):
            """
            \(file): expected JSON Lines, one JSON value or a .txt file, found \(found); convert it to JSON Lines, \
            one object a line.
            """
        case .faults(let faults):
            faults.description
        case .tokenizerNeeded(let file, let line, let form, let reason):
            """
            \(file):\(line): expected {"input_ids"}, because the model has no tokenizer that can be used \
            (\(reason.hasSuffix(".") ? String(reason.dropLast()) : reason)), found \(form).
            """
        case .invalidJSON(let file, let line, let column, let reason):
            "\(file):\(line):\(column): not valid JSON: \(reason); expected one JSON object a line, or one array."
        case .invalidExample(let file, let line, let expected, let found):
            "\(file):\(line): expected \(expected), found \(found)."
        case .mixedForms(let file, let line, let form, let firstLine, let firstForm):
            """
            \(file):\(line): expected an example of the form \(firstForm) as on line \(firstLine), found \(form); \
            give all examples of a file the same form.
            """
        case .nothingSupervised(let file, let line, let form):
            """
            \(file):\(line): expected at least one token to learn, found none in this example (\(form)); \
            give it a response that is not empty, or remove it.
            """
        case .nothingSupervisedAfterTruncation(let file, let exampleCount, let maximumLength):
            """
            \(file): expected tokens to learn, found none in all \(exampleCount) examples after cutting them to \
            max-length \(maximumLength); their prompts alone are longer, so raise data.max-length.
            """
        case .notImages(let file, let expected, let found):
            "\(file): expected \(expected), found \(found)."
        case .oneClass(let file, let label):
            """
            \(file): expected examples of two classes or more, found only \(label); there is nothing to tell apart. Classes without \
            examples are named by "labels" in the configuration.
            """
        case .equalAnswers(let file, let pairCount):
            "\(file): expected pairs of different answers, found equal ones in all \(pairCount) pairs."
        case .unknownTemplate(let name, let known):
            "data.template: expected one of \(known.joined(separator: ", ")), found \"\(name)\"."
        case .invalidSetting(let name, let value, let expected):
            "\(name): expected \(expected), found \(value)."
        case .preparedDataMissing(let path, let reason):
            """
            \(path): expected the prepared data that this machine's first process wrote, found \(reason); \
            CATENA_CACHE must be the same folder for all processes of a machine.
            """
        case .unwritable(let path, let reason):
            "\(path): cannot write the prepared data: \(reason); set CATENA_CACHE to a folder with free space."
        case .invalidPattern(let pattern, let reason):
            "answer pattern \"\(pattern)\": expected a regular expression with one group, found \(reason)."
        }
    }
}
