import CatenaFiles
import CatenaModels

/// Makes examples of records as they come, and keeps what is wrong with the others.
struct ExampleCollector: RecordCollector {
    private let path: String
    private var form: ExampleForm
    private var examples: [SourcedExample] = []
    private var first: (form: ExampleForm.Form, line: RecordPlace)?
    private var ignored = IgnoredKeys()
    /// The keys that the last example ignored: most files have the same in each.
    private var lastIgnored: [String] = []
    private var faults = DataFaults()

    init(path: String, columns: [RunConfiguration.DataSection.Column], task: Task) {
        self.path = path
        form = ExampleForm(columns: columns, task: task)
    }

    mutating func add(_ value: JSONValue, line: RecordPlace) {
        do throws(RecordFault) {
            let reading = try form.read(value)
            if let first, first.form != reading.form {
                faults.add(
                    .mixedForms(
                        file: path, line: line, form: reading.form.rawValue, firstLine: first.line,
                        firstForm: first.form.rawValue))
                return
            }
            if first == nil { first = (reading.form, line) }
            ignored.add(reading.ignoredKeys)
            if reading.ignoredKeys != lastIgnored { lastIgnored = reading.ignoredKeys }
            examples.append(SourcedExample(reading.example, file: path, line: line, ignoredKeys: lastIgnored))
        } catch {
            faults.add(.invalidExample(file: path, line: line, expected: error.expected, found: error.found))
        }
    }

    mutating func add(_ fault: DataError) { faults.add(fault) }

    /// What was read.
    ///
    /// - Throws: ``DataError/faults(_:)``, or ``DataError/empty(file:)``.
    func file() throws(DataError) -> ExampleFile {
        try faults.requireNone()
        if examples.isEmpty { throw .empty(file: path) }
        return ExampleFile(path: path, examples: examples, ignoredKeys: ignored)
    }
}
