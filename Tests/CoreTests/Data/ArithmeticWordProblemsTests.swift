import CatenaLearning
import Foundation
import Testing

@Suite("Demo data")
struct ArithmeticWordProblemsTests {
    @Test("splits share no problem, and no split repeats one")
    func disjoint() {
        let generator = ArithmeticWordProblems(seed: 0)
        var structures: [String: ArithmeticWordProblems.Split] = [:]
        for (split, count) in [(ArithmeticWordProblems.Split.train, 2000), (.validation, 200), (.test, 200)] {
            for problem in generator.problems(split, count: count) {
                #expect(structures.updateValue(split, forKey: problem.structure) == nil)
                #expect(problem.split == split)
            }
        }
        #expect(structures.count == 2400)
    }

    @Test("splits of different seeds are disjoint as well")
    func disjointAcrossSeeds() {
        let train = Set(ArithmeticWordProblems(seed: 0).problems(.train, count: 2000).map(\.structure))
        let test = ArithmeticWordProblems(seed: 1).problems(.test, count: 200).map(\.structure)
        #expect(train.isDisjoint(with: test))
    }

    @Test("every line of a worked answer is right and goes on from the last; numbers stay small and texts short")
    func answersAreRight() throws {
        for problem in ArithmeticWordProblems(seed: 3).problems(.train, count: 500) {
            let lines = problem.completion.split(separator: "\n").map(String.init)
            #expect((3...5).contains(lines.count), "\(problem)")
            var previous: Int?
            for line in lines.dropLast() {
                let words = line.split(separator: " ")
                let a = try #require(Int(words[0]))
                let b = try #require(Int(words[2]))
                let result = try #require(Int(words[4]))
                if let previous { #expect(a == previous) }
                switch words[1] {
                case "+": #expect(a + b == result)
                case "-": #expect(a - b == result)
                case "*": #expect(a * b == result)
                default: #expect(words[1] == "/" && result * b == a)
                }
                #expect(result > 0 && result < 120)
                previous = result
            }
            #expect(lines.last == "#### \(problem.answer)" && previous == problem.answer)
            #expect(problem.prompt.split(separator: " ").count <= 50 && !problem.prompt.contains("{"))
            #expect(AnswerPattern.finalNumber.answer(in: problem.completion) == "\(problem.answer)")
        }
    }

    @Test("files are the same for a seed and readable as data")
    func files() throws {
        let folder = try DataTestFolder()
        try ArithmeticWordProblems(seed: 5).write(to: folder.path + "/a", train: 50, validation: 5, test: 5)
        try ArithmeticWordProblems(seed: 5).write(to: folder.path + "/b", train: 50, validation: 5, test: 5)
        try ArithmeticWordProblems(seed: 6).write(to: folder.path + "/c", train: 50, validation: 5, test: 5)
        for name in ["train", "validation", "test"] {
            let files = try ["a", "b", "c"].map {
                try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\($0)/\(name).jsonl"))
            }
            #expect(files[0] == files[1])
            #expect(files[0] != files[2])
        }
        #expect(try ExampleReader.read(path: folder.path + "/a/train.jsonl").examples.count == 50)
    }

    @Test("demo text is a pure function of seed and index, with no document in both files")
    func demoText() throws {
        let folder = try DataTestFolder()
        let text = DemoText(seed: 1)
        #expect(text.documents(count: 40)[17] == text.document(17))
        #expect(DemoText(seed: 2).document(17) != text.document(17))
        try text.write(to: folder.path, train: 30, validation: 10)
        let train = try ExampleReader.read(path: folder.path + "/train.jsonl").examples.map(\.example)
        let validation = try ExampleReader.read(path: folder.path + "/validation.jsonl").examples.map(\.example)
        #expect(train.count == 30 && validation.count == 10)
        #expect(!train.contains { validation.contains($0) })
    }
}
