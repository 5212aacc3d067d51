import CatenaFiles

/// Makes examples of records as they come, and keeps what is wrong with the others.
struct ExampleCollector {
    private let path: String
    private var form: ExampleForm
    private var examples: [SourcedExample] = []
    private var first: (form: ExampleForm.Form, line: Int)?
    private var ignored: [String: Int] = [:]
    /// The keys that the last example ignored: most files have the same in each.
    private var lastIgnored: [String] = []
    private var faults = DataFaults()

    init(path: String, columns: [RunConfiguration.DataSection.Column]) {
        self.path = path
        form = ExampleForm(columns: columns)
    }

    /// Takes the record that begins on `line`.
    mutating func add(_ value: OrderedJSON, line: Int) {
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
            for key in reading.ignoredKeys { ignored[key, default: 0] += 1 }
            if reading.ignoredKeys != lastIgnored { lastIgnored = reading.ignoredKeys }
            examples.append(SourcedExample(reading.example, file: path, line: line, ignoredKeys: lastIgnored))
        } catch {
            faults.add(.invalidExample(file: path, line: line, expected: error.expected, found: error.found))
        }
    }

    /// Notes what is wrong with a text that is no record.
    mutating func add(_ fault: DataError) { faults.add(fault) }

    /// What was read.
    ///
    /// - Throws: ``DataError/faults(_:)``, or ``DataError/empty(file:)``.
    func file() throws(DataError) -> ExampleFile {
        try faults.requireNone()
        if examples.isEmpty { throw .empty(file: path) }
        return ExampleFile(
            path: path, examples: examples,
            ignoredKeys: ignored.sorted { $0.key < $1.key }.map { (key: $0.key, count: $0.value) })
    }
}
