import CatenaSchema

/// Everything that decides how a sequence of tasks with new classes is learned.
package struct IncrementalConfiguration: Sendable, Equatable {
    /// How classes become tasks.
    package enum Tasks: Sendable, Equatable {
        /// So many tasks of equal size, classes in an order drawn from the seed.
        case count(Int)
        /// These classes.
        case lists([[String]])
    }

    /// Which of a class's samples are remembered.
    package enum Selection: String, Sendable, CaseIterable {
        /// Those whose mean stays closest to the class's; ``ExemplarHerding``.
        case herding
        /// Drawn from the seed.
        case random
    }

    /// What is remembered of earlier classes.
    package struct Memory: Sendable, Equatable {
        package var size = ExemplarMemory.Size.perClass(20)
        package var selection = Selection.herding
    }

    /// What keeps earlier classes; switching parts off gives the baselines.
    package struct Method: Sendable, Equatable {
        /// Whether the previous model's scores are a second target.
        package var distillation = true
        package var temperature = 2.0
        package var aligning = WeightAligning()
        /// Whether negative weights of the classifier become 0 after each update.
        package var isNonNegative = false
        /// Whether every task has all data of all classes seen: the upper bound.
        package var isJoint = false
    }

    /// What the run of each task has in common: all but data, labels, first values and output.
    package var run: RunConfiguration
    /// The samples that are tested after each task.
    package var test = ""
    package var tasks = Tasks.count(1)
    package var memory = Memory()
    package var method = Method()
    package var seed = 0
    package var output = ""

    /// Whether the whole model is trained, so that a task begins with the model of the one before.
    package var trainsModel: Bool { run.adapter == nil }
}
