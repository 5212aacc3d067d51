import CatenaLearning
import Testing

@Suite("Comparing configurations")
struct ConfigurationDifferenceTests {
    private func configuration(_ overrides: String...) throws -> RunConfiguration {
        try RunConfiguration.parse(yaml: minimalConfiguration, path: "run.yaml", overrides: overrides)
    }

    @Test("equal configurations have no differences and one fingerprint")
    func equal() throws {
        let first = try configuration(), second = try configuration("training.seed=0")
        #expect(first.differences(from: second, ignoring: []).isEmpty)
        #expect(first.fingerprint() == second.fingerprint())
        #expect(first.fingerprint().count == 64)
    }

    @Test("what a resumed run may change does not count, unless asked for")
    func resume() throws {
        let first = try configuration()
        let second = try configuration(
            "training.steps=20", "output=elsewhere", "distributed.threads=2", "log.tensorboard=false",
            "checkpoint.keep=9",
            "data.validation=v.jsonl", "data.cache=c")
        #expect(first.differences(from: second).isEmpty)
        #expect(first.fingerprint() == second.fingerprint())
        #expect(first.fingerprint(ignoring: []) != second.fingerprint(ignoring: []))
        #expect(
            first.differences(from: second, ignoring: []).map(\.keyPath) == [
                "training.steps", "distributed.threads", "checkpoint.keep", "log.tensorboard", "output",
                "data.validation",
                "data.cache",
            ])
    }

    @Test("every difference is named with both values")
    func differences() throws {
        let first = try configuration(),
            second = try configuration("training.seed=7", "adapter.init=a", "model=other")
        #expect(
            first.differences(from: second).map(\.description) == [
                "model: m against other", "training.seed: 0 against 7", "adapter.init: absent against a",
            ])
        #expect(first.fingerprint() != second.fingerprint())
    }
}
