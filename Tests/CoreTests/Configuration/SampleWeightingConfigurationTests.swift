import CatenaLearning
import Testing

@Suite("Sample weights in configurations")
struct SampleWeightingConfigurationTests {
    private static let key = "training.sample-weighting"

    private func parse(_ values: String?) throws -> RunConfiguration {
        try RunConfiguration.parse(
            yaml: minimalConfiguration, path: "run.yaml", overrides: values.map { ["\(Self.key)=\($0)"] } ?? [])
    }

    private func message(_ values: String) -> String {
        do {
            _ = try parse(values)
            return "accepted"
        } catch {
            return "\(error)"
        }
    }

    @Test("without the section all count alike, and nothing of it is written")
    func absent() throws {
        let plain = try parse(nil)
        #expect(plain.training.sampleWeighting == nil)
        #expect(!plain.resolvedYAML.contains("sample-weighting"))
    }

    @Test("what is written is read back, with the defaults of the paper's form")
    func roundTrip() throws {
        let least = try parse("{strategy: linupper}")
        let section = try #require(least.training.sampleWeighting)
        #expect(section.strategy == .linupper && section.temperature == 1 && section.warmupTemperature == 100)
        #expect(section.warmupSteps == 0 && section.decaySteps == 0 && section.clipQuantile == 0)
        #expect(section.scope == .step && section.isTokenAware)
        let all = try parse(
            "{strategy: extremes, temperature: 0.4, warmup-steps: 3, warmup-temperature: 50, decay-steps: 2, "
                + "scope: microstep, token-aware: false, clip-quantile: 0.1}")
        for configuration in [least, all] {
            #expect(try RunConfiguration.parse(yaml: configuration.resolvedYAML, path: "r") == configuration)
        }
        #expect(try parse("{strategy: none}").training.sampleWeighting?.strategy == nil)
    }

    @Test("a resumed run may not weight otherwise")
    func resumed() throws {
        let first = try parse("{strategy: linupper}")
        for other in [
            "{strategy: upper}", "{strategy: linupper, temperature: 2}", "{strategy: linupper, scope: microstep}",
        ] {
            #expect(!first.differences(from: try parse(other)).isEmpty)
        }
        #expect(!first.differences(from: try parse(nil)).isEmpty)
    }

    @Test("an unknown strategy is refused with the known ones, and the one that was meant")
    func unknown() {
        let found = message("{strategy: linuper}")
        #expect(found.contains("expected one of linupper, quadratic, extremes, upper or none"))
        #expect(found.contains("linuper") && found.contains("did you mean linupper?"))
        #expect(message("{strategy: []}").contains("expected one of linupper"))
    }

    @Test("without a strategy the other keys mean nothing", arguments: ["{temperature: 2}", "{}"])
    func missing(_ values: String) {
        #expect(message(values).contains("\"\(Self.key).strategy\" is missing; give one of linupper, quadratic"))
    }

    @Test(
        "numbers outside their range are refused",
        arguments: [
            "temperature: 0", "temperature: -1", "temperature: hot", "temperature: .nan", "warmup-temperature: 0",
            "warmup-steps: -1",
            "warmup-steps: 1.5", "decay-steps: -1", "clip-quantile: 0.5", "clip-quantile: -0.1", "scope: epoch",
            "token-aware: maybe", "delta: 1",
        ])
    func ranges(_ value: String) {
        let key = value.prefix { $0 != ":" }
        let found = message(
            "{strategy: linupper, warmup-steps: 1, \(value)}".replacing(
                "warmup-steps: 1, warmup-steps", with: "warmup-steps"))
        #expect(found.contains("\(Self.key).\(key)"), "\(found)")
    }

    @Test(
        "a warm-up temperature that no step has, and steps before a temperature that none reaches, are contradictions")
    func contradictions() {
        #expect(message("{strategy: linupper, warmup-temperature: 50}").contains("no meaning without warmup-steps"))
        #expect(message("{strategy: linupper, decay-steps: 2, warmup-temperature: 50}") == "accepted")
        let found = message("{strategy: linupper, warmup-steps: 9000, decay-steps: 9000}")
        #expect(found.contains("never reached"), "\(found)")
    }
}
