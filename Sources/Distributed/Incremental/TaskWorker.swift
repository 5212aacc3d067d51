import CatenaAdapters
import CatenaFiles
import CatenaLearning
import CatenaModels

/// Learns single tasks: trains, tests, aligns, remembers, and makes what the next one begins with.
struct TaskWorker {
    /// A signal asked to stop.
    struct Stopped: Error { let signal: String }

    let configuration: IncrementalConfiguration
    let data: IncrementalData
    let sequence: ClassSequence
    let folder: IncrementalFolder
    let communicator: any Communicator
    let report: (IncrementalRunner.Event) -> Void

    /// Collective: what task `number`, from 0, has come to and what is remembered after it; trains it unless it is done.
    ///
    /// - Parameter memory: what was remembered before.
    func finish(_ number: Int, memory: ExemplarMemory) throws -> (result: TaskResult, memory: ExemplarMemory) {
        if let done = try finished(number) { return done }
        let task = folder.task(number)
        if number == 0 { try writeSamples(of: 0, memory: memory) }
        let samples = samples(of: number, memory: memory)
        report(
            .began(
                number: number + 1, count: sequence.tasks.count, classes: sequence.tasks[number].count,
                samples: samples.new.count, remembered: samples.remembered.count))
        let trainer = try Trainer(run(number), communicator: communicator, start: .automatic) { report(.training($0)) }
        guard try trainer.run() == .finished else { throw stopped() }
        try trainer.requireUnchangedFiles()
        CrashPoint.reached("incremental-trained")

        let classifier = try communicator.agree("find the classifier") { try trainer.model.classifierPath() }
        let gamma = try align(number, classifier: classifier)
        CrashPoint.reached("incremental-aligned")
        let seen = sequence.seen(after: number)
        let tests = data.tests(of: seen)
        guard let judged = try SegmentScores(tests.examples, trainer) else { throw stopped() }
        let result = TaskResult(
            scores: judged.scores, targets: tests.classes, sequence: sequence, task: number, gamma: gamma,
            newSamples: samples.new.count, rememberedSamples: samples.remembered.count)
        let kept = try remember(number, memory: memory, trainer)
        if number + 1 < sequence.tasks.count {
            try prepare(number + 1, memory: kept, gamma: gamma, classifier: classifier, trainer)
        }
        CrashPoint.reached("incremental-prepared")
        try communicator.agree("write the task's result") {
            guard communicator.isRoot else { return }
            try kept.json.write(to: task.exemplars)
            try result.json.write(to: task.result)
        }
        CrashPoint.reached("incremental-result")
        report(.ended(result, seen: seen.count))
        return (result, kept)
    }

    /// The samples of task `number`: places of its own ones, and of remembered ones.
    private func samples(of number: Int, memory: ExemplarMemory) -> (new: [Int], remembered: [Int]) {
        let new = sequence.tasks[number].flatMap(data.trainingPlaces(of:)).sorted()
        guard number > 0 else { return (new, []) }
        let old = sequence.seen(after: number - 1)
        return (
            new, old.flatMap { configuration.method.isJoint ? data.trainingPlaces(of: $0) : memory.places[$0] ?? [] }
        )
    }

    /// The run of task `number`.
    private func run(_ number: Int) -> RunConfiguration {
        let task = folder.task(number)
        var run = configuration.run
        run.labels = sequence.seen(after: number)
        run.data.train = task.training
        run.output = task.run
        run.training.hasNonNegativeClassifier = configuration.method.isNonNegative
        guard number > 0 else { return run }
        if configuration.trainsModel { run.model = task.initial } else { run.adapter?.initialAdapter = task.initial }
        if configuration.method.distillation {
            let (old, all) = (sequence.oldCount(before: number), run.labels.count)
            var teacher = RunConfiguration.DistillationSection()
            (teacher.scores, teacher.weight) = (task.teacher, Double(old) / Double(all))
            teacher.temperature = configuration.method.temperature
            run.distillation = teacher
        }
        return run
    }

    /// Collective: what is on disk of a task that is done.
    private func finished(_ number: Int) throws -> (result: TaskResult, memory: ExemplarMemory)? {
        let task = folder.task(number)
        func shared(_ path: String) throws -> JSONDocument? {
            let own = try communicator.agree("read \(path)") { () throws -> String in
                guard communicator.isRoot, DurableFolder.kind(path) != nil else { return "" }
                return try JSONDocument.read(path: path).value.compactText()
            }
            let text = try communicator.broadcast(own)
            return text.isEmpty ? nil : JSONDocument(try JSONValue.parse(text, path: path), path: path)
        }
        guard let result = try shared(task.result) else { return nil }
        guard let exemplars = try shared(task.exemplars) else {
            throw IncrementalError.damaged(path: task.result, problem: "\(task.exemplars) is not there")
        }
        let read = try communicator.agree("read the task's result") {
            (try TaskResult(result), try ExemplarMemory(exemplars, count: data.training.count))
        }
        guard read.0.classes == sequence.tasks[number] else {
            throw IncrementalError.damaged(path: task.result, problem: "it is of other classes")
        }
        return read
    }

    /// What is handed from task to task.
    private var kind: ClassifierFolder.Kind { configuration.trainsModel ? .model : .adapter }

    private func stopped() -> Stopped { Stopped(signal: StopSignal.name ?? "a signal of another process") }
}

extension TaskWorker {
    /// Collective: writes the aligned adapter of task `number`, and as the result of all when it is the last.
    ///
    /// - Returns: γ.
    private func align(_ number: Int, classifier: String) throws -> Double {
        let task = folder.task(number)
        let oldCount = sequence.oldCount(before: number)
        let run = RunFolder(task.run)
        let trained = ClassifierFolder(
            configuration.trainsModel ? run.model : run.adapter, kind, classifier: classifier)
        let rows = try communicator.agree("read the classifier") { try trained.classifierRows() }
        let gamma = configuration.method.aligning.factor(rows: rows, oldCount: oldCount)
        try communicator.requireEqual("γ", "\(gamma)")
        let isLast = number + 1 == sequence.tasks.count
        try communicator.agree("write the aligned adapter") {
            guard communicator.isRoot else { return }
            for target in [task.aligned(kind)] + (isLast ? [folder.aligned(kind)] : []) {
                try trained.write(to: target, labels: sequence.seen(after: number)) { rows, _ in
                    rows.enumerated().map { row, numbers in
                        row < oldCount ? numbers : numbers.map { Float(gamma) * $0 }
                    }
                }
            }
        }
        return gamma
    }

    /// Collective: what is remembered after task `number`.
    private func remember(_ number: Int, memory: ExemplarMemory, _ trainer: Trainer) throws -> ExemplarMemory {
        var kept = memory
        let quota = configuration.memory.size.quota(classes: sequence.seen(after: number).count)
        guard !configuration.memory.size.isNothing, !configuration.method.isJoint else { return kept }
        var chosen: [String: [Int]] = [:]
        for label in sequence.tasks[number] {
            let places = data.trainingPlaces(of: label)
            switch configuration.memory.selection {
            case .random:
                let order = KeyedOrder.of(places.count, seed: configuration.seed, label: label)
                chosen[label] = order.prefix(quota).map { places[$0] }
            case .herding:
                guard let judged = try SegmentScores(places.map { data.training[$0] }, trainer) else { throw stopped() }
                chosen[label] = ExemplarHerding.choose(quota, from: judged.features).map { places[$0] }
            }
        }
        kept.keep(quota, adding: chosen)
        return kept
    }

    /// Collective: writes what task `number` begins with; the model of `trainer` is that of the task before, not aligned.
    private func prepare(
        _ number: Int, memory: ExemplarMemory, gamma: Double, classifier: String, _ trainer: Trainer
    ) throws {
        let task = folder.task(number)
        let samples = samples(of: number, memory: memory)
        try writeSamples(of: number, memory: memory)
        if configuration.method.distillation {
            let places = samples.new + samples.remembered
            guard let judged = try SegmentScores(places.map { data.training[$0] }, trainer) else { throw stopped() }
            let oldest = sequence.oldCount(before: number - 1)
            let scores = judged.scores.flatMap { row in row.enumerated().map { $0 < oldest ? $1 : Float(gamma) * $1 } }
            try communicator.agree("write the teacher's scores") {
                guard communicator.isRoot else { return }
                var writer = SafetensorsWriter()
                writer.append(
                    Distillation.Teacher.tensor, shape: [places.count, sequence.oldCount(before: number)],
                    .float32(scores))
                try writer.write(to: task.teacher)
            }
        }
        try communicator.agree("write the adapter that the task begins with") {
            guard communicator.isRoot else { return }
            let new = NewRows(seed: UInt64(configuration.seed), task: number, count: sequence.tasks[number].count)
            try ClassifierFolder(folder.task(number - 1).aligned(kind), kind, classifier: classifier)
                .write(to: task.initial, labels: sequence.seen(after: number)) { rows, isBias in
                    rows + new.rows(width: rows.first?.count ?? 0, isBias: isBias)
                }
        }
    }

    /// Collective: writes the training file of task `number`.
    private func writeSamples(of number: Int, memory: ExemplarMemory) throws {
        let (task, samples) = (folder.task(number), samples(of: number, memory: memory))
        try communicator.agree("write \(task.training)") {
            guard communicator.isRoot else { return }
            try DurableFolder.create(task.path)
            let lines = (samples.new + samples.remembered).map {
                data.training[$0].classificationRecord.compactText() + "\n"
            }
            try DurableFile.write(Array(lines.joined().utf8), to: task.training)
        }
    }
}
