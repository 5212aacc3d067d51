import CatenaModels
import CatenaReporting
import Foundation

/// The classes of a classification, in the order of the scores.
public struct ClassLabels: Sendable, Equatable {
    /// Where the names came from.
    package enum Origin: String, Sendable {
        /// `labels` of the configuration.
        case configuration = "labels"
        /// `id2label` of the model, or what its adapter has learned.
        case model = "the model"
        /// The training data, sorted.
        case data = "the training data"
    }

    /// One name each.
    package let names: [String]
    /// Where they came from.
    package let origin: Origin
    private let places: [String: Int32]
    /// Whether a number in the data is a name and not a place.
    private let hasNumbers: Bool

    /// Names, each once.
    package init(_ names: [String], from origin: Origin) {
        (self.names, self.origin) = (names, origin)
        places = Dictionary(names.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
        hasNumbers = names.contains { Self.number($0) != nil }
    }

    /// How many there are.
    package var count: Int { names.count }

    /// The place of a label: that of its name; of a number, where no name is one, the number itself.
    ///
    /// - Throws: ``RecordFault`` for one that is outside.
    package func place(of label: ExampleLabel) throws(RecordFault) -> Int32 {
        switch label {
        case .name(let name):
            if let place = places[name] { return place }
            throw outside("\"\(PrintableText.escaped(name))\"")
        case .number(let number):
            if hasNumbers {
                if let place = places[String(number)] { return place }
            } else if names.indices.contains(number) {
                return Int32(number)
            }
            throw outside("\(number)")
        case .value(let value): throw outside("the number \(value)")
        }
    }

    private func outside(_ found: String) -> RecordFault {
        let known =
            count <= 12
            ? names.joined(separator: ", ") : "\(count) classes, \(names.prefix(8).joined(separator: ", ")), ..."
        return RecordFault(
            expected: "a \"label\" of \(origin.rawValue) (\(PrintableText.escaped(known)))", found: found)
    }

    /// One line for the log.
    package var note: String {
        let shown = names.prefix(20).joined(separator: ", ")
        let more = count > 20 ? ", and \(count - 20) more" : ""
        return PrintableText.escaped("\(count) classes, from \(origin.rawValue): \(shown)\(more)")
    }

    /// The number that a name is, written as numbers are.
    static func number(_ name: String) -> Int? { Int(name).flatMap { String($0) == name ? $0 : nil } }
}

extension ClassLabels {
    /// The classes of a run: those of the configuration, else the model's where all labels of the data are among them, else the
    /// labels of the data, sorted, numbers by their size.
    ///
    /// - Parameters:
    ///   - given: of the configuration; empty for none.
    ///   - model: the model's folder, whose `id2label` is looked at.
    ///   - examples: the training data.
    /// - Throws: ``DataError`` where the data have names and numbers, or one class alone; ``ModelError`` for a damaged `id2label`.
    package static func choose(
        given: [String], model: String, examples file: ExampleFile
    ) throws -> ClassLabels {
        if !given.isEmpty { return ClassLabels(given, from: .configuration) }
        if let model = try names(ofModel: model), model.count > 1 {
            let labels = ClassLabels(model, from: .model)
            if firstPlaces(file).keys.allSatisfy({ (try? labels.place(of: $0)) != nil }) { return labels }
        }
        return try sorted(of: file)
    }

    /// The labels of data, sorted, numbers by their size.
    ///
    /// - Throws: ``DataError`` where there are names and numbers, or one class alone.
    package static func sorted(of file: ExampleFile) throws(DataError) -> ClassLabels {
        let first = firstPlaces(file)
        var (names, numbers): ([String], [Int]) = ([], [])
        for label in first.keys {
            switch label {
            case .name(let name): names.append(name)
            case .number(let number): numbers.append(number)
            case .value: break
            }
        }
        if let name = names.min(), let number = numbers.min() {
            throw DataError.invalidExample(
                file: file.path, line: first[.number(number)] ?? 1,
                expected: "labels that are all names or all numbers, or \"labels\" in the configuration",
                found: "\(number), beside \"\(PrintableText.escaped(name))\" on line \(first[.name(name)] ?? 1)")
        }
        guard first.count > 1 else {
            throw DataError.oneClass(file: file.path, label: names.first ?? numbers.first.map(String.init) ?? "none")
        }
        return ClassLabels(names.sorted() + numbers.sorted().map(String.init), from: .data)
    }

    /// Where each label is met first.
    private static func firstPlaces(_ file: ExampleFile) -> [ExampleLabel: RecordPlace] {
        var first: [ExampleLabel: RecordPlace] = [:]
        for sourced in file.examples {
            guard let label = sourced.example.label, first[label] == nil else { continue }
            first[label] = sourced.line
        }
        return first
    }

    /// The names of the labels that a model's `config.json` says, in order; nil where it says none.
    ///
    /// - Throws: ``ModelError`` or ``FileError`` for a damaged file, ``DataError`` for a name that is there twice.
    private static func names(ofModel folder: String) throws -> [String]? {
        let path = folder + "/config.json"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let names = try ModelDescription(configurationFile: path).labels() else { return nil }
        guard Set(names).count == names.count else {
            throw DataError.invalidSetting(
                name: "\(path): id2label", value: "one name for several numbers",
                expected: "a different name for each number")
        }
        return names
    }
}
