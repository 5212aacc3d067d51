import CatenaEngine
import CatenaFiles
import Foundation

/// Makes multi-step arithmetic word problems with worked answers, from a seed.
///
/// A problem is a scenario, two to four steps and small numbers; its answer works one step a line and ends with
/// `#### N`. Names and phrasings are free. Train, validation and test are disjoint by construction: the split of a
/// problem is a hash of its scenario, operations and numbers, so the same sum in other words never crosses over.
package struct ArithmeticWordProblems: Sendable {
    /// The three disjoint parts; one problem in ten is for validation and one in ten for test.
    package enum Split: String, Sendable, CaseIterable {
        case train, validation, test
    }

    /// One problem.
    package struct Problem: Sendable, Hashable {
        /// The question.
        package var prompt: String
        /// The worked answer.
        package var completion: String
        /// The result.
        package var answer: Int
        /// Scenario, operations and numbers: what makes it the same problem whatever its words.
        package var structure: String

        /// The part this problem belongs to.
        package var split: Split { ArithmeticWordProblems.split(ofStructure: structure) }
    }

    /// All choices depend on it.
    package let seed: UInt64

    /// A generator whose problems depend on the seed only.
    package init(seed: UInt64) { self.seed = seed }

    /// The first `count` different problems of a split.
    package func problems(_ split: Split, count: Int) -> [Problem] {
        var problems: [Problem] = []
        var seen: Set<String> = []
        var attempt = 0
        while problems.count < count {
            var generator = SeededGenerator(seed: seed, purpose: "word problem", step: attempt)
            attempt += 1
            guard let problem = Self.problem(&generator), problem.split == split else { continue }
            if seen.insert(problem.structure).inserted { problems.append(problem) }
        }
        return problems
    }

    /// Writes train.jsonl, validation.jsonl and test.jsonl (`{"prompt", "completion"}`); equal seeds and counts give
    /// equal bytes.
    package func write(
        to folder: String, train: Int = 2400, validation: Int = 100, test: Int = 200
    ) throws(DataError) {
        for (split, count) in [(Split.train, train), (.validation, validation), (.test, test)] {
            try DemoFile.write(
                problems(split, count: count).map {
                    ["prompt": .string($0.prompt), "completion": .string($0.completion)]
                },
                to: "\(folder)/\(split.rawValue).jsonl")
        }
    }

    static func split(ofStructure structure: String) -> Split {
        switch SeededGenerator(seed: 0, purpose: "split", name: structure).word(at: 0) % 10 {
        case 0: .test
        case 1: .validation
        default: .train
        }
    }

    private static func problem(_ generator: inout SeededGenerator) -> Problem? {
        let scenario = generator.element(of: WordProblemScenario.all)
        let name = generator.element(of: WordProblemScenario.people)
        let stepCount = 2 + generator.next(below: 3)
        var draft = Draft(name: name)

        let a = 2 + generator.next(below: 8)
        let b = 2 + generator.next(below: 8)
        if generator.next(below: 4) == 0 {
            draft.begin(generator.element(of: scenario.pairs), a, "+", b, a + b)
        } else {
            draft.begin(generator.element(of: scenario.groups), a, "*", b, a * b)
        }
        let shares = generator.next(below: 4) == 0
        for _ in 1..<(shares ? stepCount - 1 : stepCount) {
            let c = 2 + generator.next(below: 8)
            if generator.next(below: 2) == 0 {
                draft.step(generator.element(of: scenario.gains), "+", c, draft.value + c)
            } else {
                guard draft.value > c else { return nil }
                draft.step(generator.element(of: scenario.losses), "-", c, draft.value - c)
            }
        }
        if shares {
            let divisors = (2...6).filter { draft.value % $0 == 0 && draft.value > $0 }
            guard !divisors.isEmpty else { return nil }
            let c = generator.element(of: divisors)
            draft.step(scenario.sharing, "/", c, draft.value / c)
        } else {
            draft.say(scenario.question)
        }
        return Problem(
            prompt: draft.sentences.joined(separator: " "),
            completion: (draft.lines + ["#### \(draft.value)"]).joined(separator: "\n"),
            answer: draft.value, structure: "\(scenario.title) \(draft.operations)")
    }
}

/// A problem while it is being made.
private struct Draft {
    let name: String
    private(set) var value = 0
    private(set) var sentences: [String] = []
    private(set) var lines: [String] = []
    private(set) var operations = ""

    init(name: String) { self.name = name }

    mutating func begin(_ sentence: String, _ a: Int, _ operation: String, _ b: Int, _ result: Int) {
        say(sentence.replacingOccurrences(of: "{a}", with: "\(a)").replacingOccurrences(of: "{b}", with: "\(b)"))
        lines.append("\(a) \(operation) \(b) = \(result)")
        operations = "\(a)\(operation)\(b)"
        value = result
    }

    mutating func step(_ sentence: String, _ operation: String, _ c: Int, _ result: Int) {
        say(sentence.replacingOccurrences(of: "{c}", with: "\(c)"))
        lines.append("\(value) \(operation) \(c) = \(result)")
        operations += "\(operation)\(c)"
        value = result
    }

    mutating func say(_ sentence: String) {
        sentences.append(sentence.replacingOccurrences(of: "{name}", with: name))
    }
}
