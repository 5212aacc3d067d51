import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaSchema
import Testing

@Suite("Chain section")
struct ChainConfigurationTests {
    private func parse(_ lines: String...) throws -> RunConfiguration {
        try RunConfiguration.parse(
            yaml: minimalConfiguration + "\n" + lines.joined(separator: "\n"), path: "run.yaml")
    }

    private func message(_ lines: String..., overrides: [String] = []) -> String {
        do {
            _ = try RunConfiguration.parse(
                yaml: minimalConfiguration + "\n" + lines.joined(separator: "\n"), path: "run.yaml",
                overrides: overrides)
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test("without the section there is no chain")
    func absent() throws {
        #expect(try parse().chain == nil)
        #expect(try !parse().resolvedYAML.contains("chain"))
    }

    @Test("COLA: equal links, a new optimizer, one decay over the run")
    func cola() throws {
        let chain = try #require(try parse("chain: {preset: cola}").chain)
        #expect(chain.knots == .links(3) && chain.optimizer == .reset && chain.rewarmSteps == 0)
        #expect(chain.schedule == .global && chain.merge == .ledger && chain.rankSchedule.isEmpty)
    }

    @Test("ReLoRA: a knot every so many steps, pruned moments, jagged cosine down to a tenth")
    func relora() throws {
        let configuration = try parse("chain: {preset: relora, every-steps: 4, rewarm: 2}")
        let chain = try #require(configuration.chain)
        #expect(chain.knots == .everySteps(4) && chain.rewarmSteps == 2)
        #expect(chain.optimizer == .prune(MomentPruning(fraction: 0.9, choice: .magnitude)))
        #expect(configuration.training.schedule.name == .cosine)
        #expect(configuration.training.schedule.minimumRatio == 0.1)
        let given = try RunConfiguration.parse(
            yaml: minimalConfiguration + "\nchain: {preset: relora}", path: "run.yaml",
            overrides: ["training.schedule.minimum-ratio=0", "chain.optimizer=reset", "training.steps=4000"])
        #expect(given.training.schedule.minimumRatio == 0)
        #expect(given.chain?.knots == .everySteps(1000) && given.chain?.optimizer == .reset)
    }

    @Test("a rank schedule gives the number of links and the first rank")
    func ranks() throws {
        let configuration = try parse("chain: {rank-schedule: [8, 4]}")
        let chain = try #require(configuration.chain)
        #expect(chain.knots == .links(2) && configuration.adapter?.rank == 8)
        #expect((0..<4).map { chain.rank(ofLink: $0, adapterRank: 99) } == [8, 4, 4, 4])
        #expect(try parse("chain: {links: 2}").chain?.rank(ofLink: 1, adapterRank: 3) == 3)
    }

    @Test(
        "the resolved configuration parses back to an equal one",
        arguments: [
            "chain: {preset: cola}", "chain: {preset: relora, every-steps: 5, rewarm: 1}",
            "chain: {at: [3, 7], optimizer: keep, schedule: per-link, rewarm: 2, merge: weights}",
            "chain: {rank-schedule: [8, 4], links: 4}",
            "chain: {every-steps: 3, optimizer: {prune: 0.75, by: random}}",
        ])
    func roundTrip(chain: String) throws {
        let configuration = try parse(chain)
        #expect(try RunConfiguration.parse(yaml: configuration.resolvedYAML, path: "resolved") == configuration)
    }

    @Test("links are as equal as whole steps allow; no knot comes at the end")
    func knots() throws {
        func knots(_ chain: String, of steps: Int) throws -> [Int?] {
            let section = try RunConfiguration.parse(
                yaml: minimalConfiguration + "\nchain: {\(chain)}", path: "run.yaml",
                overrides: ["training.steps=\(steps)"]
            ).chain
            return (0..<4).map { section?.scheduledKnot($0, totalSteps: steps) }
        }
        #expect(try knots("links: 3", of: 8) == [2, 5, nil, nil])
        #expect(try knots("links: 1", of: 8) == [nil, nil, nil, nil])
        #expect(try knots("every-steps: 4", of: 12) == [4, 8, nil, nil])
        #expect(try knots("at: [2, 9]", of: 10) == [2, 9, nil, nil])
    }

    @Test("a plateau is watched with patience, and round trips")
    func plateau() throws {
        let configuration = try RunConfiguration.parse(
            yaml: minimalConfiguration
                + "\nchain: {on-plateau: {patience: 3, minimum-improvement: 0.01, maximum-links: 4}}",
            path: "run.yaml", overrides: ["data.validation=v", "training.validation-every=2"])
        guard case .onPlateau(let plateau)? = configuration.chain?.knots else {
            Issue.record("no plateau: \(String(describing: configuration.chain))")
            return
        }
        #expect(plateau.patience == 3 && plateau.minimumImprovement == 0.01 && plateau.maximumLinks == 4)
        #expect(try RunConfiguration.parse(yaml: configuration.resolvedYAML, path: "resolved") == configuration)
    }

    @Test(
        "each wrong chain is named with its place and what to do",
        arguments: [
            ("chain: {lnks: 2}", "unknown key \"chain.lnks\"; did you mean \"chain.links\"?"),
            ("chain: {preset: colla}", "did you mean cola?"),
            ("chain: {}", "nothing says when a link of the chain ends; give chain.links"),
            ("chain: {links: 2, every-steps: 3}", "chain.links and chain.every-steps both say when a link ends"),
            ("chain: {links: 0}", "chain.links: expected a whole number of at least 1, but got 0"),
            ("chain: {at: [4, 4]}", "chain.at: expected a rising list of steps"),
            ("chain: {links: 2, optimizer: rest}", "did you mean reset?"),
            ("chain: {links: 2, optimizer: {prune: 1.5}}", "chain.optimizer.prune: expected a number of at least 0"),
            ("chain: {links: 2, optimizer: {prun: 0.5}}", "did you mean \"chain.optimizer.prune\"?"),
            ("chain: {links: 2, optimizer: {by: random}}", "chain.optimizer.prune\" is missing"),
            ("chain: {links: 2, rank-schedule: [8, 4, 2]}", "has 3 ranks for 2 links"),
            ("chain: {rank-schedule: [8, 4], optimizer: keep}", "use chain.optimizer: reset"),
            ("chain: {on-plateau: {patience: 2}}", "training.validation-every is not set"),
            ("chain: {on-plateau: {patiense: 2}}", "did you mean \"chain.on-plateau.patience\"?"),
            ("chain: {links: 2, merge: base}", "one of ledger, weights"),
            ("chain: {links: 11}", "chain.links is 11 in a run of 10 steps; give at most 10, the steps of the run"),
            ("chain: {at: [3, 10]}", "chain.at is [3, 10] in a run of 10 steps"),
            ("chain: {preset: relora, every-steps: 4}", "chain.rewarm is 100 in a run of 10 steps; give at most 4"),
        ])
    func refused(chain: String, expected: String) {
        #expect(message(chain).contains(expected), "\(message(chain))")
    }

    @Test("a chain of no adapters, and two first ranks, are contradictions")
    func contradictions() {
        #expect(
            message("chain: {links: 2}", overrides: ["training.trainable=all"])
                .contains("a chain is made of adapters"))
        #expect(
            message("adapter: {rank: 4}", "chain: {rank-schedule: [8, 4]}")
                .contains("adapter.rank is 4, but chain.rank-schedule begins with 8"))
        #expect(message("adapter: {rank: 8}", "chain: {rank-schedule: [8, 4]}") == "accepted")
    }
}
