import CatenaEngine
import CatenaSchema

/// When links end, and what the keys of `chain` mean together.
extension RunConfiguration.ChainSection {
    mutating func check(_ reader: SectionReader) throws(ConfigurationError) {
        let given = ["links", "every-steps", "at", "on-plateau"].filter(reader.has)
        guard given.count <= 1 else {
            throw reader.contradiction(
                given[1], "chain.\(given[0]) and chain.\(given[1]) both say when a link ends",
                advice: "keep one of them")
        }
        if given.isEmpty, rankSchedule.count > 1 {
            knots = .links(rankSchedule.count)
        } else if given.isEmpty, !reader.has("preset") {
            throw .contradiction(
                origin: reader.origin, problem: "nothing says when a link of the chain ends",
                advice: "give chain.links, every-steps, at, on-plateau, rank-schedule or preset")
        }
        if case .links(let count) = knots, rankSchedule.count > count {
            throw reader.contradiction(
                "rank-schedule", "chain.rank-schedule has \(rankSchedule.count) ranks for \(count) links",
                advice: "give one rank for each link, or fewer (the last one holds for all further links)")
        }
        if optimizer != .reset, Set(rankSchedule).count > 1 {
            throw reader.contradiction(
                "rank-schedule",
                "chain.rank-schedule changes the rank, but the optimizer's state of another rank does not fit",
                advice: "use chain.optimizer: reset, or the same rank for all links")
        }
    }
}

/// What the keys about knots are kept in.
extension RunConfiguration.ChainSection {
    /// Stands for other keys, which come after it and may differ; it is gone once it was read.
    var preset: RunConfiguration.ChainPreset? {
        get { nil }
        set {
            switch newValue {
            case .cola?: knots = .links(3)
            case .relora?:
                knots = .everySteps(1000)
                optimizer = .prune(MomentPruning(fraction: 0.9, choice: .magnitude))
                rewarmSteps = 100
            case nil: break
            }
        }
    }
    var links: Int? {
        get { if case .links(let count) = knots { count } else { nil } }
        set { if let newValue { knots = .links(newValue) } }
    }
    var everySteps: Int? {
        get { if case .everySteps(let count) = knots { count } else { nil } }
        set { if let newValue { knots = .everySteps(newValue) } }
    }
    var at: [Int]? {
        get { if case .at(let steps) = knots { steps } else { nil } }
        set { if let newValue { knots = .at(newValue) } }
    }
    var plateau: Plateau? {
        get { if case .onPlateau(let plateau) = knots { plateau } else { nil } }
        set { if let newValue { knots = .onPlateau(newValue) } }
    }
}
