import CatenaFiles
import CatenaSchema

extension RunConfiguration {
    /// Where training examples come from and how they become sequences; ``keys`` says what each property is.
    public struct DataSection: Sendable, Equatable {
        /// A key of a form of data and the column of the files that stands for it.
        public struct Column: Sendable, Equatable {
            /// Such as `prompt`.
            public var key: String
            /// Such as `question`.
            public var name: String

            /// Reads `name` as `key`.
            package init(key: String, name: String) { (self.key, self.name) = (key, name) }
        }

        public var train = ""
        public var validation: String?
        public var columns: [Column] = []
        public var template = "auto"
        public var date = TemplateDate.standard
        public var maxLength = 512
        public var packing = true
        public var shuffle = true
        /// nil leaves the place to the data loader.
        public var cache: String?
    }
}

extension RunConfiguration.DataSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "train", \.train, .path("the path of a file"), required: "a JSON Lines file of training examples",
            page: "data.md", "the examples to learn, in `.jsonl`, `.json` or `.txt`"),
        .init(
            "validation", \.validation, .path("the path of a file"), mayChange: true,
            "examples that are only measured"),
        .init(
            "columns", \.columns, .columns, page: "data.md",
            "columns of these files that stand for keys, such as `{prompt: question, completion: answer}`"),
        .init(
            "template", \.template, .template, page: "chat-templates.md",
            "how messages become text; `auto` is the model's own template"),
        .init("date", \.date, .date, "the day that a template writes where it asks for the time"),
        .init(
            "max-length", \.maxLength, .wholeNumber(2...WholeNumberLimit.tokens),
            "tokens of a sequence, at most the model's positions; longer examples are cut, and the run says how many"),
        .init("packing", \.packing, .flag, "several examples in one sequence; they do not see each other"),
        .init("shuffle", \.shuffle, .flag, "a new order each epoch, from the seed"),
        .init(
            "cache", \.cache, .path("the path of a folder"), default: "beside the output", mayChange: true,
            "folder of prepared data"),
    ]
}

extension ValueKind where Value == String {
    fileprivate static let template = {
        let known = ChatTemplate.knownNames
        return ValueKind(
            choices(known) + ", or the path of a .jinja file", advice: { nearest($0, known) }, write: { .text($0) },
            accept: { node in node.text.flatMap { ChatTemplate.isTemplateName($0) ? $0 : nil } })
    }()
}

extension ValueKind where Value == TemplateDate {
    fileprivate static let date = ValueKind(
        "a day such as \(TemplateDate.standard)", write: { .text("\($0)") },
        accept: { node in node.text.flatMap { TemplateDate($0) } })
}

extension ValueKind where Value == [RunConfiguration.DataSection.Column] {
    /// `{prompt: question}`: keys of the forms of data and the columns that stand for them.
    static let columns = ValueKind(
        summary: "a section such as {prompt: question, completion: answer}",
        read: { node, path throws(ConfigurationError) in
            if node.isNothing { return [] }
            guard case .section(let entries) = node.content else {
                throw .invalid(node, path, expected: "a section such as {prompt: question, completion: answer}")
            }
            // Keys of records are written with underscores, keys of configurations without.
            let isKnown = { (key: String) in DataKeys.ofColumns.contains(key.replacing("-", with: "_")) }
            let known = DataKeys.ofColumns + entries.map(\.key).filter(isKnown)
            _ = try SectionReader(node, path: path, origin: node.origin, known: known)
            var columns: Value = []
            for entry in entries {
                let key = entry.key.replacing("-", with: "_")
                guard let name = entry.node.text, !name.isEmpty else {
                    throw .invalid(entry.node, "\(path).\(entry.key)", expected: "the name of a column")
                }
                if let other = columns.first(where: { $0.name == name }) {
                    throw .contradiction(
                        origin: entry.node.origin,
                        problem: "\(path) gives the column \"\(name)\" to \(other.key) and to \(key)",
                        advice: "give each key a column of its own")
                }
                if columns.contains(where: { $0.key == key }) {
                    throw .duplicateKey(origin: entry.keyOrigin, key: key)
                }
                columns.append(.init(key: key, name: name))
            }
            return columns
        },
        write: { $0.isEmpty ? nil : .section($0.map { .init($0.key, .text($0.name)) }) })
}
