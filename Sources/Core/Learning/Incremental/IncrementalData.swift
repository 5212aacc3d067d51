package import CatenaFiles
import CatenaModels

/// The samples of a sequence of tasks, by class.
package struct IncrementalData: Sendable {
    /// The training samples in the file's order.
    package let training: [SourcedExample]
    /// The test samples in the file's order.
    package let test: [SourcedExample]
    /// The classes of the training data: names sorted, numbers by their size.
    package let labels: [String]
    /// What the user should know about the files, a sentence each.
    package let notes: [String]
    private let trainingPlaces, testPlaces: [String: [Int]]

    /// Reads the files of `configuration`.
    ///
    /// - Throws: ``DataError`` for what is no classification data.
    package init(_ configuration: IncrementalConfiguration) throws {
        let columns = configuration.run.data.columns
        let training = try ExampleReader.read(
            path: configuration.run.data.train, columns: columns, task: .classification)
        let test = try ExampleReader.read(path: configuration.test, columns: columns, task: .classification)
        (self.training, self.test) = (training.examples, test.examples)
        notes = training.notes + test.notes
        labels = try ClassLabels.sorted(of: training).names
        trainingPlaces = Self.places(training.examples)
        testPlaces = Self.places(test.examples)
    }

    /// The places of a class's training samples.
    package func trainingPlaces(of label: String) -> [Int] { trainingPlaces[label] ?? [] }

    /// The test samples of `labels`, class after class, with the number of each one's class.
    package func tests(of labels: [String]) -> (examples: [SourcedExample], classes: [Int]) {
        let places = labels.enumerated().flatMap { number, label in (testPlaces[label] ?? []).map { (number, $0) } }
        return (places.map { test[$0.1] }, places.map(\.0))
    }

    /// Checks that every class of `sequence` is tested, and no other.
    ///
    /// - Throws: ``IncrementalError``.
    package func requireTests(_ sequence: ClassSequence, path: String) throws(IncrementalError) {
        let learned = sequence.tasks.flatMap(\.self)
        if let label = learned.first(where: { testPlaces[$0] == nil }) {
            throw .noTestSamples(path: path, label: label)
        }
    }

    private static func places(_ examples: [SourcedExample]) -> [String: [Int]] {
        var places: [String: [Int]] = [:]
        for (place, example) in examples.enumerated() {
            if let label = example.className { places[label, default: []].append(place) }
        }
        return places
    }
}

extension SourcedExample {
    /// The name of its class, a number as it is written.
    package var className: String? {
        switch example.label {
        case .name(let name): name
        case .number(let number): String(number)
        case .value, nil: nil
        }
    }

    /// The same with another label.
    package func labelled(_ label: ExampleLabel) -> SourcedExample {
        var result = self
        switch example {
        case .sequence(let first, let second, _):
            result.example = .sequence(first: first, second: second, label: label)
        case .image(var image):
            image.label = label
            result.example = .image(image)
        default: break
        }
        return result
    }

    /// The record as a line of a classification file.
    package var classificationRecord: JSONValue {
        guard let label = className else { return .null }
        switch example {
        case .sequence(let first, let second?, _):
            return ["sentence1": .string(first), "sentence2": .string(second), "label": .string(label)]
        case .sequence(let first, nil, _): return ["text": .string(first), "label": .string(label)]
        case .image(let image): return ["pixels": image.json, "label": .string(label)]
        default: return .null
        }
    }
}
