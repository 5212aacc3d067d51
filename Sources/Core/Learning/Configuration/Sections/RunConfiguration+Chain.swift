public import CatenaAdapters
public import CatenaEngine
import CatenaSchema

extension RunConfiguration {
    /// Training in links: at each knot the adapter is frozen, and a new one begins; ``keys`` says what each property is.
    public struct ChainSection: Sendable, Equatable {
        /// When a link ends.
        public enum Knots: Sendable, Equatable {
            /// This many links of equal length.
            case links(Int)
            /// After every so many steps.
            case everySteps(Int)
            /// After these numbers of steps, rising.
            case at([Int])
            /// When the validation loss stops falling.
            case onPlateau(Plateau)
        }

        /// When a validation loss counts as no longer falling; ``keys`` says what each property is, nil is `none`.
        public struct Plateau: Sendable, Equatable {
            public var patience = 2
            public var minimumImprovement = 0.0
            public var maximumLinks: Int?
        }

        public var knots = Knots.links(1)
        /// Empty: `adapter.rank` for all.
        public var rankSchedule: [Int] = []
        public var optimizer = OptimizerState.reset
        public var rewarmSteps = 0
        public var schedule = ChainLearningRate.Span.global
        public var merge = ChainLedger.Form.ledger

        /// Rank of link `index`, counted from 0, where `rank` is the adapter's.
        public func rank(ofLink index: Int, adapterRank: Int) -> Int {
            rankSchedule.isEmpty ? adapterRank : rankSchedule[min(index, rankSchedule.count - 1)]
        }

        /// Completed steps at knot `index`, counted from 0, of a run of `totalSteps`; nil if there is none or it is not known.
        public func scheduledKnot(_ index: Int, totalSteps: Int) -> Int? {
            let step: Int? =
                switch knots {
                case .links(let count): index + 1 < count ? (index + 1) * totalSteps / count : nil
                case .everySteps(let count): (index + 1) * count
                case .at(let steps): index < steps.count ? steps[index] : nil
                case .onPlateau: nil
                }
            return step.flatMap { $0 < totalSteps ? $0 : nil }
        }

        /// A value that does not fit the length of the run.
        public struct Misfit: Equatable {
            /// The key's full path.
            public let key: String
            /// What it is.
            public let value: String
            /// What it may be.
            public let supported: String
        }

        /// What keeps the chain from being part of a run of `totalSteps` steps.
        public func misfit(totalSteps: Int) -> Misfit? {
            let below = "\(totalSteps), the steps of the run"
            switch knots {
            case .links(let count) where count > totalSteps:
                return Misfit(key: "chain.links", value: "\(count)", supported: "at most " + below)
            case .everySteps(let count) where count >= totalSteps:
                return Misfit(key: "chain.every-steps", value: "\(count)", supported: "less than " + below)
            case .at(let steps) where steps.last ?? 0 >= totalSteps:
                return Misfit(key: "chain.at", value: "\(steps)", supported: "steps below " + below)
            default: break
            }
            var knots: [Int] = []
            while let knot = scheduledKnot(knots.count, totalSteps: totalSteps) { knots.append(knot) }
            guard let shortest = zip(knots, knots.dropFirst()).map({ $1 - $0 }).min(), rewarmSteps > shortest else {
                return nil
            }
            return Misfit(
                key: "chain.rewarm", value: "\(rewarmSteps)",
                supported: "at most \(shortest), the steps of the shortest link")
        }
    }

    /// Starting values of a chain section.
    enum ChainPreset: String, Sendable, CaseIterable { case cola, relora }
}

extension RunConfiguration.ChainSection: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "preset", \.preset, .choice,
            "starting values of a published chain: 3 links, or 1000 steps with pruned moments and rewarm 100"),
        .init(
            "links", \.links, .wholeNumber(), default: "this or one of the next three",
            "this many links of equal length"),
        .init("every-steps", \.everySteps, .wholeNumber(), "a knot after every so many steps"),
        .init(
            "at", \.at,
            .list(of: .wholeNumber(), "a rising list of steps such as [300, 400]") { steps in
                zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }
            }, "a knot after each of these numbers of steps"),
        .init(
            "on-plateau", \.plateau, .section,
            "a knot when so many validations in a row were not lower than the lowest by more than the improvement"),
        .init(
            "rank-schedule", \.rankSchedule,
            .list(of: .wholeNumber(1...WholeNumberLimit.rank), "a list of ranks such as [8, 4]"),
            default: "`adapter.rank` for all", "the rank of each link; the last one holds for all further links"),
        .init("optimizer", \.optimizer, .optimizerState, "state at a knot; `reset`: moments zero, step counter 0"),
        .init(
            "rewarm", \.rewarmSteps, .wholeNumber(0...WholeNumberLimit.count),
            "steps in which the learning rate grows from 0 after a knot"),
        .init(
            "schedule", \.schedule, .choice,
            "`global`: one `training.schedule` over the run; `per-link`: anew for each link"),
        .init(
            "merge", \.merge, .choice,
            "`ledger`: links stay beside the frozen matrices; `weights`: added to them in memory"),
    ]
}

extension RunConfiguration.ChainSection.Plateau: ConfigurationSection {
    enum Metric: String, Sendable, CaseIterable { case validationLoss = "validation-loss" }

    static let keys: [ConfigurationKey<Self>] = [
        .init("metric", \.metric, .choice, "what is watched"),
        .init("patience", \.patience, .wholeNumber(), "validations in a row without improvement before a knot"),
        .init(
            "minimum-improvement", \.minimumImprovement, .number(.notNegative),
            "how much lower than the lowest loss so far an improvement is"),
        .init("maximum-links", \.maximumLinks, .wholeNumber(), or: "none", "links after which no further knot is tied"),
    ]

    private var metric: Metric {
        get { .validationLoss }
        set {}
    }
}
