import CatenaAdapters
import CatenaEngine
import CatenaModels
import Testing

@Suite("Adapter targets")
struct AdapterTargetsTests {
    private func chosen(_ targets: AdapterSection.Targets) throws -> [String] {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        _ = try model.attachAdapters(TinyModel.lora(targets: targets), seed: 1)
        return model.adaptedLinears.map(\.path)
    }

    @Test("all-linear takes every linear layer of the blocks")
    func allLinear() throws {
        #expect(try chosen(.allLinear).count == 14)
    }

    @Test("names take layers by the end of their path, in layer order")
    func names() throws {
        #expect(
            try chosen(.names(["v_proj", "q_proj"])) == [
                "model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj",
                "model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj",
            ])
        #expect(try chosen(.names(["mlp.up_proj"])) == ["model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj"])
        #expect(try chosen(.names(["layers.1.mlp.down_proj"])) == ["model.layers.1.mlp.down_proj"])
        #expect(try chosen(.names(["model.layers.1.mlp.down_proj"])) == ["model.layers.1.mlp.down_proj"])
    }

    @Test("roles mean the same in every family, whatever its layers are called")
    func roles() throws {
        let targets = AdapterSection.Targets.names(["role:key", "role:fused-query-key-value", "role:down"])
        func names(_ change: (inout ModelConfiguration) -> Void) throws -> [String] {
            let model = try TinyModel.make(engine: Engine(threads: 1), change)
            return try model.makeAdapters(TinyModel.lora(targets: targets), seed: 1).linearAdapters.map(
                \.layer.moduleName)
        }
        #expect(try names { _ in } == ["k_proj", "down_proj", "k_proj", "down_proj"])
        #expect(try names(TinyModel.gpt2) == ["c_attn", "c_proj", "c_attn", "c_proj"])
    }

    @Test("a role that no layer has is refused, and so is a list without one that any has")
    func rolesOfNothing() {
        #expect(throws: AdapterError.self) { try chosen(.names(["role:fused-query-key-value"])) }
        #expect(throws: AdapterError.self) { try chosen(.names(["role:kex"])) }
    }

    @Test("a regular expression has to match the whole path")
    func pattern() throws {
        #expect(try chosen(.pattern(#".*\.0\.self_attn\.(q|v)_proj"#)).count == 2)
        #expect(try chosen(.pattern(#"model\.layers\.\d+\.mlp\..*"#)).count == 6)
        #expect(throws: AdapterError.self) { try chosen(.pattern("q_proj")) }
    }

    @Test("a target without any layer is refused with near names", arguments: ["q_prj", "proj", "_proj"])
    func noMatch(name: String) throws {
        let error = #expect(throws: AdapterError.self) { try chosen(.names(["v_proj", name])) }
        guard case .noTarget(let target, let near)? = error else {
            Issue.record("another error: \(String(describing: error))")
            return
        }
        #expect(target == name)
        #expect(!near.isEmpty)
        if name == "q_prj" { #expect(near.first == "q_proj") }
    }

    @Test("an invalid regular expression and an empty list are refused")
    func invalid() {
        #expect(throws: AdapterError.self) { try chosen(.pattern("(q_proj")) }
        #expect(throws: AdapterError.self) { try chosen(.names([])) }
    }
}
