package import CatenaFiles
package import CatenaReporting

/// What training one cell gave: the content of its `result.json`.
package struct CellResult: Sendable, Equatable {
    /// Which cell.
    package var cell: ComparisonConfiguration.Cell
    /// Why there are no numbers: what stopped being a finite number.
    package var divergence: String?
    /// Optimizer steps.
    package var steps = 0
    /// Trainable parameters at the first step.
    package var parameters = 0
    /// Mean loss over the validation data after the last step.
    package var validationLoss = Double.nan
    /// Mean training loss of the last 20 steps.
    package var trainingLoss = Double.nan
    /// Tokens that went through the model, over all ranks.
    package var tokens = 0
    /// Median over the steps.
    package var tokensPerSecond = Double.nan
    /// Time in steps, without loading, validation and checkpoints.
    package var seconds = Double.nan
    /// The most memory that rank 0 held after any step.
    package var peakResidentBytes = 0
    /// What rank 0 held before the model was loaded; it does not grow from cell to cell.
    package var residentBytesBefore = 0
    /// Ranks that trained it.
    package var ranks = 1

    /// The result of a cell whose loss stopped being a number.
    package init(_ cell: ComparisonConfiguration.Cell, divergence: String) {
        self.cell = cell
        self.divergence = divergence
    }

    /// The result of a finished cell from its metrics.
    package init(_ cell: ComparisonConfiguration.Cell, lines: [MetricsLine], parameters: Int, ranks: Int) {
        self.cell = cell
        self.parameters = parameters
        self.ranks = ranks
        steps = lines.last?.step ?? 0
        validationLoss = lines.last?.validationLoss ?? .nan
        let recent = lines.suffix(20).map(\.loss)
        trainingLoss = recent.reduce(0, +) / Double(recent.count)
        tokens = lines.reduce(0) { $0 + $1.tokens }
        let rates = lines.map(\.tokensPerSecond).filter(\.isFinite).sorted()
        if !rates.isEmpty { tokensPerSecond = rates[rates.count / 2] }
        seconds = lines.map(\.seconds).filter(\.isFinite).reduce(0, +)
        peakResidentBytes = lines.map(\.residentBytes).max() ?? 0
    }
}

extension CellResult {
    /// As it is stored.
    package var json: JSONValue {
        var members: JSONObject = [
            "method": .string(cell.method), "learning_rate": .number(cell.learningRate),
            "seed": .integer(cell.seed), "ranks": .integer(ranks),
        ]
        if let divergence {
            members["diverged"] = .string(divergence)
            return .object(members)
        }
        members["steps"] = .integer(steps)
        members["parameters"] = .integer(parameters)
        members["validation_loss"] = .number(validationLoss)
        members["training_loss"] = .number(trainingLoss)
        members["tokens"] = .integer(tokens)
        members["tokens_per_second"] = .number(tokensPerSecond)
        members["seconds"] = .number(seconds)
        members["peak_resident_bytes"] = .integer(peakResidentBytes)
        members["resident_bytes_before"] = .integer(residentBytesBefore)
        return .object(members)
    }

    /// What ``json`` gave.
    ///
    /// - Throws: ``FileError`` that names the file and the key.
    package init(_ json: JSONDocument) throws(FileError) {
        let cell = ComparisonConfiguration.Cell(
            method: try json.requireString("method"), learningRate: try json.requireDouble("learning_rate"),
            seed: try json.requireInt("seed"))
        if let divergence = try json.optionalString("diverged") {
            self.init(cell, divergence: divergence)
            ranks = try json.requireInt("ranks")
            return
        }
        self.init(
            cell, lines: [], parameters: try json.requireInt("parameters"), ranks: try json.requireInt("ranks"))
        steps = try json.requireInt("steps")
        validationLoss = try json.optionalDouble("validation_loss") ?? .nan
        trainingLoss = try json.optionalDouble("training_loss") ?? .nan
        tokens = try json.requireInt("tokens")
        tokensPerSecond = try json.optionalDouble("tokens_per_second") ?? .nan
        seconds = try json.optionalDouble("seconds") ?? .nan
        peakResidentBytes = try json.requireInt("peak_resident_bytes")
        residentBytesBefore = try json.requireInt("resident_bytes_before")
    }
}

/// What a model gave on the test data: the content of `test.json`.
package struct TestResult: Sendable, Equatable {
    /// One task's number.
    package struct Score: Sendable, Equatable {
        /// Mean loss, or the part of the examples that is right.
        package var value: Double
        /// Over how many examples.
        package var examples: Int

        /// A score from its numbers.
        package init(value: Double, examples: Int) {
            self.value = value
            self.examples = examples
        }
    }

    /// Loss over the validation data; only for the untrained model, whose run has no result of its own.
    package var validationLoss: Double?
    /// By the task's name.
    package var scores: [String: Score]

    /// A result from its numbers.
    package init(scores: [String: Score], validationLoss: Double? = nil) {
        self.scores = scores
        self.validationLoss = validationLoss
    }

    /// As it is stored.
    package var json: JSONValue {
        var members: JSONObject = [
            "scores": .object(
                JSONObject(scores.mapValues { ["value": .number($0.value), "examples": .integer($0.examples)] }))
        ]
        if let validationLoss { members["validation_loss"] = .number(validationLoss) }
        return .object(members)
    }

    /// What ``json`` gave.
    ///
    /// - Throws: ``FileError`` that names the file and the key.
    package init(_ json: JSONDocument) throws(FileError) {
        var scores: [String: Score] = [:]
        for (name, score) in try json.require("scores").fields() {
            scores[name] = Score(
                value: try score.optionalDouble("value") ?? .nan, examples: try score.requireInt("examples"))
        }
        self.init(scores: scores, validationLoss: try json.optionalDouble("validation_loss"))
    }
}
