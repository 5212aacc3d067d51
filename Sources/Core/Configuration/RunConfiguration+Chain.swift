public import CatenaEngine

extension RunConfiguration {
    /// Training in links: at each knot the adapter is frozen, and a new one begins.
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

        /// When a validation loss counts as no longer falling.
        public struct Plateau: Sendable, Equatable {
            /// Validations in a row without improvement before a knot.
            public var patience = 2
            /// How much lower than the lowest loss so far an improvement is.
            public var minimumImprovement = 0.0
            /// Links after which no further knot is tied; nil (`none`): no limit.
            public var maximumLinks: Int?

            /// Defaults.
            public init() {}
        }

        /// What happens to the optimizer's state at a knot.
        public enum OptimizerState: Sendable, Equatable {
            /// New moments of zero, and the step counter from 0.
            case reset
            /// Everything stays.
            case keep
            /// A part of each state vector becomes zero; the step counter goes on.
            case prune(MomentPruning)
        }

        /// When links end.
        public var knots: Knots
        /// The rank of each link; the last one holds for all further links. Empty: `adapter.rank` for all.
        public var rankSchedule: [Int] = []
        /// What happens to the optimizer's state at a knot.
        public var optimizer = OptimizerState.reset
        /// Steps in which the learning rate grows from 0 after each knot.
        public var rewarmSteps = 0
        /// What the learning rate's schedule spans.
        public var schedule = ChainLearningRate.Span.global
        /// Where links go: beside the frozen matrices, or into them in memory.
        public var merge = ChainLedger.Form.ledger

        /// A chain with these knots and defaults otherwise.
        public init(knots: Knots) { self.knots = knots }

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

    enum ChainKey: String, ConfigurationKey {
        case preset, links, everySteps = "every-steps", at, onPlateau = "on-plateau", rankSchedule = "rank-schedule"
        case optimizer, rewarm, schedule, merge
    }

    enum PlateauKey: String, ConfigurationKey {
        case metric, patience, minimumImprovement = "minimum-improvement", maximumLinks = "maximum-links"
    }

    enum PruningKey: String, ConfigurationKey { case prune, by }

    /// Starting values of a chain section.
    enum ChainPreset: String, CaseIterable { case cola, relora }
}

private typealias ChainReader = SectionReader<RunConfiguration.ChainKey>

extension RunConfiguration.ChainSection {
    /// ReLoRA's lowest learning rate as a fraction of the peak, where the schedule does not give one.
    static let reloraMinimumRatio = 0.1

    init(_ node: ConfigurationNode, origin: ConfigurationOrigin) throws(ConfigurationError) {
        let reader = try ChainReader(node, path: "chain", origin: origin)
        let preset = try reader.choice(.preset, RunConfiguration.ChainPreset.self)
        let ranks = try Self.ranks(reader)
        self.init(knots: try Self.knots(reader, preset: preset, ranks: ranks))
        rankSchedule = ranks
        if preset == .relora {
            optimizer = .prune(MomentPruning(fraction: 0.9, choice: .magnitude))
            rewarmSteps = 100
        }
        optimizer = try Self.optimizer(reader) ?? optimizer
        rewarmSteps = try reader.integer(.rewarm, atLeast: 0) ?? rewarmSteps
        schedule = try reader.choice(.schedule) ?? schedule
        merge = try reader.choice(.merge) ?? merge
        if optimizer != .reset, Set(rankSchedule).count > 1 {
            throw .contradiction(
                origin: reader.place(.rankSchedule),
                problem: "chain.rank-schedule changes the rank, but the optimizer's state of another rank does not fit",
                advice: "use chain.optimizer: reset, or the same rank for all links")
        }
    }

    /// Whether the preset in `node` asks for ReLoRA's learning rate.
    static func isRelora(_ node: ConfigurationNode?) -> Bool {
        guard case .section(let entries)? = node?.content else { return false }
        return entries.first { $0.key == RunConfiguration.ChainKey.preset.rawValue }?.node.text
            == RunConfiguration.ChainPreset.relora.rawValue
    }

    private static func knots(
        _ reader: ChainReader, preset: RunConfiguration.ChainPreset?, ranks: [Int]
    ) throws(ConfigurationError) -> Knots {
        let keys: [RunConfiguration.ChainKey] = [.links, .everySteps, .at, .onPlateau]
        let given = keys.filter(reader.has)
        guard given.count <= 1 else {
            throw .contradiction(
                origin: reader.place(given[1]),
                problem: "chain.\(given[0].rawValue) and chain.\(given[1].rawValue) both say when a link ends",
                advice: "keep one of them")
        }
        switch given.first {
        case .links?:
            let count = try reader.integer(.links) ?? 1
            if ranks.count > count {
                throw .contradiction(
                    origin: reader.place(.rankSchedule),
                    problem: "chain.rank-schedule has \(ranks.count) ranks for \(count) links",
                    advice: "give one rank for each link, or fewer (the last one holds for all further links)")
            }
            return .links(count)
        case .everySteps?: return .everySteps(try reader.integer(.everySteps) ?? 1)
        case .at?: return .at(try steps(reader))
        case .onPlateau?: return .onPlateau(try plateau(reader))
        default: break
        }
        if ranks.count > 1 { return .links(ranks.count) }
        switch preset {
        case .cola?: return .links(3)
        case .relora?: return .everySteps(1000)
        case nil:
            throw .contradiction(
                origin: reader.origin, problem: "nothing says when a link of the chain ends",
                advice: "give chain.links, every-steps, at, on-plateau, rank-schedule or preset")
        }
    }

    private static func integers(
        _ reader: ChainReader, _ key: RunConfiguration.ChainKey, expected: String, atMost most: Int
    ) throws(ConfigurationError) -> [Int] {
        guard let node = reader.node(key) else { return [] }
        guard case .list(let elements) = node.content, !elements.isEmpty else {
            throw reader.invalid(key, node, expected: expected)
        }
        var numbers: [Int] = []
        for element in elements {
            guard let number = element.integer(1...most) else {
                throw reader.invalid(key, element, expected: expected)
            }
            numbers.append(number)
        }
        return numbers
    }

    private static func ranks(_ reader: ChainReader) throws(ConfigurationError) -> [Int] {
        try integers(reader, .rankSchedule, expected: "a list of ranks such as [8, 4]", atMost: WholeNumberLimit.rank)
    }

    private static func steps(_ reader: ChainReader) throws(ConfigurationError) -> [Int] {
        let expected = "a rising list of steps such as [300, 400]"
        let numbers = try integers(reader, .at, expected: expected, atMost: WholeNumberLimit.count)
        guard zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .invalidValue(
                origin: reader.place(.at), keyPath: "chain.at", expected: expected, found: "\(numbers)", advice: nil)
        }
        return numbers
    }

    private static func plateau(_ outer: ChainReader) throws(ConfigurationError) -> Plateau {
        enum Metric: String, CaseIterable { case validationLoss = "validation-loss" }
        let reader = try SectionReader<RunConfiguration.PlateauKey>(
            outer.node(.onPlateau), path: "chain.on-plateau", origin: outer.origin)
        _ = try reader.choice(.metric, Metric.self)
        var plateau = Plateau()
        plateau.patience = try reader.integer(.patience) ?? plateau.patience
        plateau.minimumImprovement =
            try reader.number(.minimumImprovement, .notNegative) ?? plateau.minimumImprovement
        plateau.maximumLinks =
            try reader.integer(.maximumLinks, unless: "none") ?? plateau.maximumLinks
        return plateau
    }

    private static func optimizer(_ outer: ChainReader) throws(ConfigurationError) -> OptimizerState? {
        guard let node = outer.node(.optimizer) else { return nil }
        guard case .section = node.content else {
            switch node.text {
            case "reset": return .reset
            case "keep": return .keep
            default:
                throw outer.invalid(
                    .optimizer, node, expected: "reset, keep or a section such as {prune: 0.9, by: magnitude}",
                    advice: outer.nearest(node, ["reset", "keep"]))
            }
        }
        let reader = try SectionReader<RunConfiguration.PruningKey>(
            node, path: "chain.optimizer", origin: outer.origin)
        return .prune(
            MomentPruning(
                fraction: try reader.required(
                    try reader.number(.prune, .ratio), .prune, expected: "the fraction that becomes zero"),
                choice: try reader.choice(.by) ?? .magnitude))
    }
}

extension RunConfiguration.ChainSection {
    /// The section as it is resolved; a preset is gone, what it stood for is there.
    var entries: [ConfigurationValue.Entry] {
        var entries: [ConfigurationValue.Entry] = []
        switch knots {
        case .links(let count): entries.append(.init("links", .integer(count)))
        case .everySteps(let count): entries.append(.init("every-steps", .integer(count)))
        case .at(let steps): entries.append(.init("at", .list(steps.map { .integer($0) })))
        case .onPlateau(let plateau):
            entries.append(
                .init(
                    "on-plateau",
                    .section([
                        .init("metric", .text("validation-loss")), .init("patience", .integer(plateau.patience)),
                        .init("minimum-improvement", .number(plateau.minimumImprovement)),
                        .init("maximum-links", plateau.maximumLinks.map { .integer($0) } ?? .text("none")),
                    ])))
        }
        if !rankSchedule.isEmpty {
            entries.append(.init("rank-schedule", .list(rankSchedule.map { .integer($0) })))
        }
        let optimizerValue: ConfigurationValue =
            switch optimizer {
            case .reset: .text("reset")
            case .keep: .text("keep")
            case .prune(let pruning):
                .section([
                    .init("prune", .number(pruning.fraction)), .init("by", .text(pruning.choice.rawValue)),
                ])
            }
        return entries + [
            .init("optimizer", optimizerValue), .init("rewarm", .integer(rewarmSteps)),
            .init("schedule", .text(schedule.rawValue)), .init("merge", .text(merge.rawValue)),
        ]
    }
}
