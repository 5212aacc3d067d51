import CatenaEngine
import CatenaFiles

/// Questions about sums with worked answers, in the form of ``ArithmeticWordProblems`` but without a story.
///
/// They teach a very small model to answer a prompt at all, and to end the answer with `#### N`.
package struct DemoSums: Sendable {
    /// All choices depend on it.
    package let seed: UInt64

    /// A generator whose questions depend on the seed only.
    package init(seed: UInt64) { self.seed = seed }

    /// Question `index` with its answer: a pure function of the seed and the index.
    package func question(_ index: Int) -> (prompt: String, completion: String) {
        var generator = SeededGenerator(seed: seed, purpose: "demo sums", step: index)
        let (a, b) = (2 + generator.next(below: 8), 2 + generator.next(below: 8))
        let isProduct = generator.next(below: 3) > 0
        var value = isProduct ? a * b : a + b
        var sentences = [isProduct ? "Multiply \(a) by \(b)." : "Add \(a) and \(b)."]
        var lines = ["\(a) \(isProduct ? "*" : "+") \(b) = \(value)"]
        for _ in 0..<(1 + generator.next(below: 3)) {
            let c = 2 + generator.next(below: 8)
            let before = value
            switch generator.next(below: 5) {
            case 0, 1:
                value += c
                sentences.append("Add \(c).")
                lines.append("\(before) + \(c) = \(value)")
            case 2, 3:
                guard value > c else { continue }
                value -= c
                sentences.append("Subtract \(c).")
                lines.append("\(before) - \(c) = \(value)")
            default:
                guard value.isMultiple(of: c), value > c else { continue }
                value /= c
                sentences.append("Divide by \(c).")
                lines.append("\(before) / \(c) = \(value)")
            }
        }
        sentences.append("What is the result?")
        return (sentences.joined(separator: " "), (lines + ["#### \(value)"]).joined(separator: "\n"))
    }

    /// Writes train.jsonl and validation.jsonl (`{"prompt", "completion"}`) with different indices.
    package func write(to folder: String, train: Int, validation: Int) throws(DataError) {
        for (name, range) in [("train", 0..<train), ("validation", train..<(train + validation))] {
            let records = range.map { index -> JSONObject in
                let (prompt, completion) = question(index)
                return ["prompt": .string(prompt), "completion": .string(completion)]
            }
            try DemoFile.write(records, to: "\(folder)/\(name).jsonl")
        }
    }
}
