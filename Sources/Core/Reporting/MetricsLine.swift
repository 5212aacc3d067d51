import CatenaFiles

/// One line of `metrics.jsonl`: what one optimizer step did.
///
/// There is exactly one line for each step. When a validation follows a step, its result is the key `validation_loss` of that
/// step's line; other lines do not have the key.
public struct MetricsLine: Sendable, Equatable {
    /// Completed optimizer steps, from 1.
    public var step: Int
    /// Mean over what the objective counts: the step's supervised tokens, in nats, or its pairs.
    public var loss: Double
    /// Tokens that went through the model in this step, over all ranks.
    package var tokens: Int
    /// Tokens of the step that counted in the loss.
    package var supervisedTokens: Int
    /// The rate that this step used.
    package var learningRate: Double
    /// Norm of all gradients together, before clipping.
    package var gradientNorm: Double
    /// `tokens` divided by `seconds`.
    package var tokensPerSecond: Double
    /// Wall-clock seconds of the step.
    package var seconds: Double
    /// Seconds of the step spent waiting for sharded weights.
    package var gatherSeconds: Double
    /// Seconds of the step spent in the gradient reduction.
    package var reduceSeconds: Double
    /// Bytes of frozen weights that rank 0 received in this step.
    package var gatherBytes: Int
    /// Bytes that rank 0 sent in this step's reduction.
    package var reduceBytes: Int
    /// Resident memory of rank 0.
    package var residentBytes: Int
    /// Mean loss over the validation data after this step.
    package var validationLoss: Double?
    /// Further means that the objective gives, of the step and of the validation data.
    package var means: [Mean]
    /// The knot that a chain tied after this step.
    package var knot: Knot?
    /// The penalty that the adapter's method adds to the loss, before the update.
    package var penalty: Double?

    /// A mean under its own key.
    package struct Mean: Sendable, Equatable {
        /// The key; `validation_` and another one's for the validation data.
        package var name: String
        /// The mean.
        package var value: Double

        /// `value` under the key `name`.
        package init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }

        /// What it is a mean of, in words.
        package var title: String { metric.replacing("_", with: " ") }
        /// Whether it is one of the validation data.
        package var isOfValidation: Bool { name.hasPrefix(Self.validationPrefix) }
        /// Its name without where it comes from.
        var metric: String { isOfValidation ? String(name.dropFirst(Self.validationPrefix.count)) : name }
        package static let validationPrefix = "validation_"
    }

    /// A link that was frozen after a step.
    package struct Knot: Sendable, Equatable {
        /// Number of the link that ended, from 1.
        package var link: Int
        /// Loss on the probe batch before the knot.
        package var probeLossBefore: Double
        /// The same after it; equal but for rounding.
        package var probeLossAfter: Double

        /// A knot from its numbers.
        package init(link: Int, probeLossBefore: Double, probeLossAfter: Double) {
            self.link = link
            self.probeLossBefore = probeLossBefore
            self.probeLossAfter = probeLossAfter
        }
    }

    /// A line from its numbers; `validationLoss` only for steps that were followed by a validation.
    package init(
        step: Int, loss: Double, tokens: Int, supervisedTokens: Int, learningRate: Double,
        gradientNorm: Double,
        tokensPerSecond: Double, seconds: Double, gatherSeconds: Double = 0, reduceSeconds: Double = 0,
        gatherBytes: Int = 0, reduceBytes: Int = 0, residentBytes: Int, validationLoss: Double? = nil,
        means: [Mean] = [], knot: Knot? = nil, penalty: Double? = nil
    ) {
        self.step = step
        self.loss = loss
        self.tokens = tokens
        self.supervisedTokens = supervisedTokens
        self.learningRate = learningRate
        self.gradientNorm = gradientNorm
        self.tokensPerSecond = tokensPerSecond
        self.seconds = seconds
        self.gatherSeconds = gatherSeconds
        self.reduceSeconds = reduceSeconds
        self.gatherBytes = gatherBytes
        self.reduceBytes = reduceBytes
        self.residentBytes = residentBytes
        self.validationLoss = validationLoss
        self.means = means
        self.knot = knot
        self.penalty = penalty
    }

    /// The line as JSON, without a line end.
    package var json: String {
        var fields: JSONObject = [
            "step": .integer(step), "loss": .number(loss), "tokens": .integer(tokens),
            "supervised_tokens": .integer(supervisedTokens), "learning_rate": .number(learningRate),
            "gradient_norm": .number(gradientNorm), "tokens_per_second": .number(tokensPerSecond),
            "seconds": .number(seconds), "gather_seconds": .number(gatherSeconds),
            "reduce_seconds": .number(reduceSeconds), "gather_bytes": .integer(gatherBytes),
            "reduce_bytes": .integer(reduceBytes), "resident_bytes": .integer(residentBytes),
        ]
        if let validationLoss { fields.append("validation_loss", .number(validationLoss)) }
        for mean in means { fields.append(mean.name, .number(mean.value)) }
        if let penalty { fields.append("penalty", .number(penalty)) }
        if let knot {
            fields.append("knot", .integer(knot.link))
            fields.append("probe_loss_before", .number(knot.probeLossBefore))
            fields.append("probe_loss_after", .number(knot.probeLossAfter))
        }
        return JSONValue.object(fields).text(.line)
    }
}

extension MetricsLine {
    /// Parses one line; a `null` number reads as NaN. Numbers under keys that no step has are means.
    ///
    /// - Returns: nil when the line is not complete JSON with the keys of a step.
    package init?(json: some StringProtocol) {
        guard let fields = JSONValue(text: String(json))?.objectValue, let record = Record(fields) else { return nil }
        self.init(
            step: record.whole["step"] ?? 0, loss: record["loss"] ?? .nan, tokens: record.whole["tokens"] ?? 0,
            supervisedTokens: record.whole["supervised_tokens"] ?? 0, learningRate: record["learning_rate"] ?? .nan,
            gradientNorm: record["gradient_norm"] ?? .nan, tokensPerSecond: record["tokens_per_second"] ?? .nan,
            seconds: record["seconds"] ?? .nan, gatherSeconds: record["gather_seconds"] ?? .nan,
            reduceSeconds: record["reduce_seconds"] ?? .nan, gatherBytes: record.whole["gather_bytes"] ?? 0,
            reduceBytes: record.whole["reduce_bytes"] ?? 0, residentBytes: record.whole["resident_bytes"] ?? 0,
            validationLoss: record["validation_loss"], means: record.means,
            knot: record.whole["knot"].map {
                Knot(
                    link: $0, probeLossBefore: record["probe_loss_before"] ?? .nan,
                    probeLossAfter: record["probe_loss_after"] ?? .nan)
            }, penalty: record["penalty"])
    }

    /// The steps of a `metrics.jsonl`, in order; a last line that a kill cut short is left out.
    ///
    /// - Throws: ``ReportingError/invalidLine(path:line:problem:)`` for any other line that is none.
    package static func read(path: String) throws(ReportingError) -> [MetricsLine] {
        try texts(path: path).map(\.line)
    }

    /// The same with the text of each line.
    static func texts(path: String) throws(ReportingError) -> [(line: MetricsLine, text: Substring)] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try InputFile.contents(of: path, limit: .none)
        } catch .unreadable(_, let reason) {
            throw .cannotOpen(path: path, reason: reason)
        } catch {
            throw .cannotOpen(path: path, reason: "there is no such file")
        }
        let texts = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        var lines: [(line: MetricsLine, text: Substring)] = []
        for (index, text) in texts.enumerated() where !text.isEmpty {
            if let line = MetricsLine(json: text) {
                lines.append((line, text))
            } else if index != texts.count - 1 {
                throw .invalidLine(path: path, line: index + 1, problem: "it is not one")
            }
        }
        return lines
    }

    /// The numbers of a line under their keys.
    private struct Record {
        private(set) var whole: [String: Int] = [:]
        private(set) var means: [Mean] = []
        private var numbers: [String: Double] = [:]
        private static let required = ["step", "tokens", "supervised_tokens", "resident_bytes"]
        private static let wholeNames = Set(required + ["gather_bytes", "reduce_bytes", "knot"])
        private static let numberNames: Set = [
            "loss", "learning_rate", "gradient_norm", "tokens_per_second", "seconds", "gather_seconds",
            "reduce_seconds", "validation_loss", "probe_loss_before", "probe_loss_after", "penalty",
        ]

        init?(_ fields: JSONObject) {
            for (name, value) in fields {
                if Self.wholeNames.contains(name) {
                    guard value.isNull || value.intValue != nil else { return nil }
                    whole[name] = value.intValue
                } else if Self.numberNames.contains(name) {
                    guard value.isNull || value.doubleValue != nil else { return nil }
                    numbers[name] = value.doubleValue
                } else if value.isNull || value.doubleValue != nil {
                    means.append(Mean(name, value.doubleValue ?? .nan))
                }
            }
            guard Self.required.allSatisfy({ whole[$0] != nil }) else { return nil }
        }

        subscript(name: String) -> Double? { numbers[name] }
    }
}
