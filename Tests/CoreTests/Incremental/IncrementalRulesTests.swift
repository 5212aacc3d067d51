import CatenaFiles
import CatenaLearning
import Testing

@Suite("Class-incremental learning: rules")
struct IncrementalRulesTests {
    private let labels = ["a", "b", "c", "d", "e", "f", "g"]

    @Test("a number of tasks divides all classes, the larger parts first, in an order that the seed alone decides")
    func counted() throws {
        let one = try ClassSequence(labels, plan: .count(3), seed: 4)
        #expect(one.tasks.map(\.count) == [3, 2, 2])
        #expect(one.tasks.flatMap(\.self).sorted() == labels)
        #expect(try ClassSequence(labels, plan: .count(3), seed: 4) == one)
        #expect(try ClassSequence(labels, plan: .count(3), seed: 5) != one)
        #expect(one.seen(after: 1).count == 5 && one.oldCount(before: 2) == 5)
    }

    @Test("classes that are not there, that come twice, and too many tasks are refused by name")
    func refused() {
        func refusal(_ plan: IncrementalConfiguration.Tasks) -> String {
            do throws(IncrementalError) {
                _ = try ClassSequence(labels, plan: plan, seed: 0)
                return "accepted"
            } catch {
                return error.description
            }
        }
        #expect(
            refusal(.lists([["a"], ["x"]])).contains("task 2 has the class \"x\", which the training data do not have"))
        #expect(refusal(.lists([["a", "b"], ["b"]])).contains("task 2 has the class \"b\", which task 1 has already"))
        #expect(refusal(.lists([["a", "a"]])).contains("the class \"a\", twice"))
        #expect(refusal(.count(8)).contains("8 tasks, but the training data have 7 classes"))
    }

    @Test("γ of the reference's classifier is 0.25 by l2 and 0.272727 by l1; a second alignment changes nothing")
    func gamma() {
        let rows: [[Float]] = [[3, 4], [0, 5], [6, 8], [0, 30]]
        let aligning = WeightAligning()
        #expect(aligning.factor(rows: rows, oldCount: 2) == 0.25)
        #expect(abs(WeightAligning(norm: .l1).factor(rows: rows, oldCount: 2) - 0.272727) < 1e-6)
        let aligned = rows.enumerated().map { $0 < 2 ? $1 : $1.map { $0 * 0.25 } }
        #expect(aligning.factor(rows: aligned, oldCount: 2) == 1)
    }

    @Test("γ above 1 is 1 unless it is not capped; without old or new classes, or with rows of zeros, it is 1")
    func capped() {
        let rows: [[Float]] = [[6, 8], [3, 4]]
        #expect(WeightAligning().factor(rows: rows, oldCount: 1) == 1)
        #expect(WeightAligning(isCapped: false).factor(rows: rows, oldCount: 1) == 2)
        #expect(WeightAligning(norm: .none).factor(rows: [[1], [4]], oldCount: 1) == 1)
        #expect(WeightAligning().factor(rows: rows, oldCount: 0) == 1)
        #expect(WeightAligning(isCapped: false).factor(rows: [[1], [0]], oldCount: 1) == 1)
    }

    @Test("herding takes what keeps the mean of what was taken closest to the class's mean, of equal ones the first")
    func herding() {
        // On the unit circle at 0°, 90°, 45°, 0°: the mean direction is nearest to 45°, then the first of those at 0°.
        let features: [[Float]] = [[2, 0], [0, 3], [5, 5], [1, 0]]
        #expect(ExemplarHerding.choose(1, from: features) == [2])
        #expect(ExemplarHerding.choose(3, from: features).prefix(2) == [2, 0])
        #expect(ExemplarHerding.choose(9, from: features).sorted() == [0, 1, 2, 3])
        #expect(ExemplarHerding.choose(2, from: [[1, 1], [2, 2], [3, 3]]) == [0, 1])
        #expect(ExemplarHerding.choose(0, from: features).isEmpty && ExemplarHerding.choose(2, from: []).isEmpty)
    }

    @Test("a memory of a total shrinks each class's part as classes come, and keeps the first ones")
    func memory() throws {
        let size = ExemplarMemory.Size.total(10)
        var memory = ExemplarMemory()
        memory.keep(size.quota(classes: 2), adding: ["a": [7, 3, 5, 1, 9, 11], "b": [2, 4]])
        #expect(memory.places == ["a": [7, 3, 5, 1, 9], "b": [2, 4]])
        memory.keep(size.quota(classes: 5), adding: ["c": [6, 8, 0]])
        #expect(memory.places == ["a": [7, 3], "b": [2, 4], "c": [6, 8]])
        #expect(ExemplarMemory.Size.perClass(3).quota(classes: 9) == 3)
        let read = try ExemplarMemory(JSONDocument(memory.json, path: "m"), count: 12)
        #expect(read == memory)
        #expect(throws: IncrementalError.self) { try ExemplarMemory(JSONDocument(memory.json, path: "m"), count: 8) }
    }

    @Test("a task's result counts old and new, before and after aligning")
    func result() throws {
        let sequence = try ClassSequence(["a", "b", "c"], plan: .lists([["a", "b"], ["c"]]), seed: 0)
        // The second sample of a is taken for c until c's score is halved; b's is right either way; c's stays right.
        let scores: [[Float]] = [[2, 0, 1], [2, 0, 3], [0, 2, 1], [0, 0, 4], [1, 0, 1.5]]
        let result = TaskResult(
            scores: scores, targets: [0, 0, 1, 2, 2], sequence: sequence, task: 1, gamma: 0.5, newSamples: 7,
            rememberedSamples: 4)
        #expect(result.accuracyBeforeAligning == 0.8 && result.accuracy == 0.8)
        #expect(result.perTask == [1, 0.5])
        #expect(result.confusion.oldRight == 3 && result.confusion.newRight == 1 && result.confusion.newForOld == 1)
        #expect(try TaskResult(JSONDocument(result.json, path: "r")) == result)
    }

    @Test("forgetting is the mean loss since each earlier task was known best")
    func forgetting() throws {
        let sequence = try ClassSequence(["a", "b", "c"], plan: .count(3), seed: 0)
        func task(_ number: Int, _ perTask: [Double]) -> TaskResult {
            var task = TaskResult(
                scores: [], targets: [], sequence: sequence, task: number, gamma: 1, newSamples: 0, rememberedSamples: 0
            )
            task.perTask = perTask
            task.accuracy = perTask.reduce(0, +) / Double(perTask.count)
            return task
        }
        var result = IncrementalResult()
        result.tasks = [task(0, [0.9]), task(1, [0.95, 0.8]), task(2, [0.5, 0.7, 0.9])]
        let lost: Double = (0.45 + 0.1) / 2
        let average: Double = (0.9 + 0.875 + 0.7) / 3
        let found = try #require(result.forgetting)
        #expect(abs(found - lost) < 1e-12)
        #expect(abs(result.averageIncrementalAccuracy - average) < 1e-12)
        #expect(result.csv.split(separator: "\n").count == 4)
    }
}
