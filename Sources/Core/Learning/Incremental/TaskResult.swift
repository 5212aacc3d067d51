package import CatenaFiles
import CatenaModels

/// What a task has come to: `result.json` in its folder.
package struct TaskResult: Sendable, Equatable {
    /// Of test samples of old and of new classes, how many were taken for what.
    package struct Confusion: Sendable, Equatable {
        package var oldRight = 0
        /// Old ones taken for another old class.
        package var oldForOld = 0
        /// Old ones taken for a new class.
        package var oldForNew = 0
        package var newRight = 0
        /// New ones taken for an old class.
        package var newForOld = 0
        /// New ones taken for another new class.
        package var newForNew = 0
    }

    /// The classes that were new.
    package var classes: [String]
    /// Over the test samples of all classes seen, with the classifier as it was trained.
    package var accuracyBeforeAligning: Double
    /// The same with the aligned classifier.
    package var accuracy: Double
    /// Over the test samples of each task so far, with the aligned classifier.
    package var perTask: [Double]
    /// γ; 1 where nothing was aligned.
    package var gamma: Double
    /// With the aligned classifier.
    package var confusion: Confusion
    /// Samples that were learned from: the task's own and remembered ones.
    package var newSamples, rememberedSamples: Int
    /// Test samples of all classes seen.
    package var testSamples: Int

    /// Counts what `scores` make of test samples.
    ///
    /// - Parameters:
    ///   - scores: of each sample, one a class seen, by the classifier as it was trained.
    ///   - targets: the classes.
    ///   - sequence: all tasks, of which `task`, from 0, has just been learned.
    package init(
        scores: [[Float]], targets: [Int], sequence: ClassSequence, task: Int, gamma: Double, newSamples: Int,
        rememberedSamples: Int
    ) {
        let oldCount = sequence.oldCount(before: task)
        (classes, self.gamma) = (sequence.tasks[task], gamma)
        (self.newSamples, self.rememberedSamples, testSamples) = (newSamples, rememberedSamples, targets.count)
        var taskOfClass: [Int] = []
        for number in 0...task { taskOfClass += Array(repeating: number, count: sequence.tasks[number].count) }
        var right = (before: 0, after: 0)
        var counts = Array(repeating: (right: 0, all: 0), count: task + 1)
        confusion = Confusion()
        for (row, target) in zip(scores, targets) {
            if row.largestPlace == target { right.before += 1 }
            let aligned = row.enumerated().map { $0 < oldCount ? $1 : Float(gamma) * $1 }.largestPlace
            counts[taskOfClass[target]].all += 1
            if aligned == target {
                right.after += 1
                counts[taskOfClass[target]].right += 1
            }
            confusion.add(target: target, prediction: aligned, oldCount: oldCount)
        }
        accuracyBeforeAligning = Double(right.before) / Double(max(targets.count, 1))
        accuracy = Double(right.after) / Double(max(targets.count, 1))
        perTask = counts.map { Double($0.right) / Double(max($0.all, 1)) }
    }
}

extension TaskResult.Confusion {
    mutating func add(target: Int, prediction: Int, oldCount: Int) {
        switch (target < oldCount, prediction < oldCount) {
        case (true, _) where prediction == target: oldRight += 1
        case (true, true): oldForOld += 1
        case (true, false): oldForNew += 1
        case (false, _) where prediction == target: newRight += 1
        case (false, true): newForOld += 1
        case (false, false): newForNew += 1
        }
    }

    private static let members: [(String, any WritableKeyPath<Self, Int> & Sendable)] = [
        ("old_right", \.oldRight), ("old_for_old", \.oldForOld), ("old_for_new", \.oldForNew),
        ("new_right", \.newRight), ("new_for_old", \.newForOld), ("new_for_new", \.newForNew),
    ]

    var json: JSONValue { .object(JSONObject(Self.members.map { ($0.0, .integer(self[keyPath: $0.1])) })) }

    init(_ json: JSONField<FileError>) throws {
        self.init()
        for (name, path) in Self.members { self[keyPath: path] = try json.requireInt(name) }
    }
}

extension TaskResult {
    /// As a JSON object.
    package var json: JSONValue {
        [
            "classes": .array(classes.map { .string($0) }),
            "accuracy_before_aligning": .number(accuracyBeforeAligning), "accuracy": .number(accuracy),
            "per_task": .array(perTask.map { .number($0) }), "gamma": .number(gamma), "confusion": confusion.json,
            "new_samples": .integer(newSamples), "remembered_samples": .integer(rememberedSamples),
            "test_samples": .integer(testSamples),
        ]
    }

    /// Reads what ``json`` wrote.
    ///
    /// - Throws: ``FileError`` for what is no such object.
    package init(_ json: JSONDocument) throws {
        classes = try json.requireStrings("classes")
        accuracyBeforeAligning = try json.requireDouble("accuracy_before_aligning")
        accuracy = try json.requireDouble("accuracy")
        perTask = try json.require("per_task").elements().map { try $0.double() }
        gamma = try json.requireDouble("gamma")
        confusion = try Confusion(try json.require("confusion"))
        newSamples = try json.requireInt("new_samples")
        rememberedSamples = try json.requireInt("remembered_samples")
        testSamples = try json.requireInt("test_samples")
    }
}
