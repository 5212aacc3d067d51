import CatenaEngine
import CatenaFiles

/// Plain English for pretraining a very small model: short stories with a question, and sums.
///
/// Its vocabulary is a few hundred words, so that a model of a million weights learns to write it. It has the facts of
/// arithmetic that ``ArithmeticWordProblems`` needs, but no word problem.
package struct DemoText: Sendable {
    /// All choices depend on it.
    package let seed: UInt64

    /// A generator whose texts depend on the seed only.
    package init(seed: UInt64) { self.seed = seed }

    /// Document `index`: a pure function of the seed and the index.
    package func document(_ index: Int) -> String {
        var generator = SeededGenerator(seed: seed, purpose: "demo text", step: index)
        switch generator.next(below: 4) {
        case 0: return sums(&generator)
        case 1: return chain(&generator)
        default: return story(&generator)
        }
    }

    /// The first `count` documents.
    package func documents(count: Int) -> [String] { (0..<count).map(document) }

    /// Writes train.jsonl and validation.jsonl (`{"text"}`) with different documents.
    package func write(to folder: String, train: Int, validation: Int) throws(DataError) {
        for (name, range) in [("train", 0..<train), ("validation", train..<(train + validation))] {
            try DemoFile.write(range.map { ["text": .string(document($0))] }, to: "\(folder)/\(name).jsonl")
        }
    }

    /// Independent sums, one a line.
    private func sums(_ generator: inout SeededGenerator) -> String {
        (0..<(4 + generator.next(below: 5))).map { _ in
            let b = 2 + generator.next(below: 8)
            switch generator.next(below: 4) {
            case 0:
                let a = 2 + generator.next(below: 8)
                return "\(a) * \(b) = \(a * b)"
            case 1:
                let a = 2 + generator.next(below: 80)
                return "\(a) + \(b) = \(a + b)"
            case 2:
                let a = b + 1 + generator.next(below: 80)
                return "\(a) - \(b) = \(a - b)"
            default:
                let quotient = 2 + generator.next(below: 16)
                return "\(quotient * b) / \(b) = \(quotient)"
            }
        }.joined(separator: "\n")
    }

    /// Sums in which each line goes on from the last one's result.
    private func chain(_ generator: inout SeededGenerator) -> String {
        let a = 2 + generator.next(below: 8)
        let b = 2 + generator.next(below: 8)
        var value = a * b
        var lines = ["\(a) * \(b) = \(value)"]
        for _ in 0..<(1 + generator.next(below: 4)) {
            let c = 2 + generator.next(below: 8)
            if generator.next(below: 2) == 0 || value <= c {
                lines.append("\(value) + \(c) = \(value + c)")
                value += c
            } else {
                lines.append("\(value) - \(c) = \(value - c)")
                value -= c
            }
        }
        return lines.joined(separator: "\n")
    }

    private func story(_ generator: inout SeededGenerator) -> String {
        let name = generator.element(of: WordProblemScenario.people)
        let friend = generator.element(of: WordProblemScenario.people.filter { $0 != name })
        let animal = generator.element(of: Self.animals)
        let color = generator.element(of: Self.colors)
        let place = generator.element(of: Self.places)
        let thing = generator.element(of: Self.things)
        let count = 2 + generator.next(below: 8)
        var sentences = [
            "\(generator.element(of: Self.times)) \(name) went to the \(place).",
            "\(name) saw a \(color) \(animal).",
            "The \(animal) \(generator.element(of: Self.actions)).",
        ]
        let middle = [
            "\(friend) came too and brought \(count) \(thing).",
            "It was \(generator.element(of: Self.weather)), so they sat under a tree.",
            "\(name) and \(friend) played all day.",
            "\"What a \(generator.element(of: Self.qualities)) day,\" said \(friend).",
            "They found \(count) \(thing) near the water.",
        ]
        for sentence in middle where generator.next(below: 3) > 0 { sentences.append(sentence) }
        sentences.append("In the evening they walked home.")
        let questions = [
            ("Where did \(name) go?", "To the \(place)."),
            ("What did \(name) see?", "A \(color) \(animal)."),
            ("What color was the \(animal)?", "It was \(color)."),
        ]
        let (question, answer) = generator.element(of: questions)
        return sentences.joined(separator: " ") + "\nQuestion: \(question)\nAnswer: \(answer)"
    }

    private static let animals = ["cat", "dog", "bird", "horse", "fox", "rabbit", "frog", "duck", "goat", "mouse"]
    private static let colors = ["black", "white", "brown", "gray", "red", "yellow", "green"]
    private static let places = ["park", "lake", "forest", "market", "beach", "farm", "garden", "library", "station"]
    private static let things = ["apples", "shells", "books", "cookies", "stones", "flowers", "marbles", "hats"]
    private static let times = ["One morning", "On Sunday", "After lunch", "In spring", "One day", "On a long holiday"]
    private static let actions = [
        "looked up and ran away", "was very small and very fast", "slept in the sun", "wanted to play",
        "was looking for food",
    ]
    private static let weather = ["warm", "cold", "windy", "hot", "wet"]
    private static let qualities = ["good", "fine", "long", "strange", "happy"]
}
