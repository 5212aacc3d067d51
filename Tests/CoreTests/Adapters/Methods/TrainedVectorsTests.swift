import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

@Suite("(IA)³, BitFit, LN-tuning, full fine-tuning")
struct TrainedVectorsTests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)

    private func section(_ method: String, _ options: [String: ConfigurationValue] = [:]) throws
        -> AdapterSection
    {
        var section = try AdapterMethod.named(method).defaultSection
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        return section
    }

    private func shapes(
        _ section: AdapterSection, _ change: @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) throws -> [String] {
        let model = try TinyModel.make(engine: engine, change)
        return try model.attachAdapters(section, seed: 1).parameters.map { "\($0.name) \($0.shape)" }
    }

    private func message(_ section: AdapterSection) throws -> String {
        let model = try TinyModel.make(engine: engine)
        let error = #expect(throws: AdapterError.self) { try model.attachAdapters(section, seed: 1) }
        #expect(model.attached == nil)
        return error?.description ?? "accepted"
    }

    private func configuration(_ json: String) throws -> PEFTConfiguration {
        let folder = try TinyFolder()
        try folder.write(PEFT.configurationFile, json)
        return try PEFTConfiguration(folder: folder.path, acceptsTransposed: true)
    }

    @Test("(IA)³ has PEFT's names and shapes, by default on keys, values and the last feed-forward matrix")
    func ia3() throws {
        #expect(
            try shapes(section("ia3")).prefix(3) == [
                "base_model.model.model.layers.0.self_attn.k_proj.ia3_l [8, 1]",
                "base_model.model.model.layers.0.self_attn.v_proj.ia3_l [8, 1]",
                "base_model.model.model.layers.0.mlp.down_proj.ia3_l [1, 12]",
            ])
        // Not attn.c_proj, whose name is that of the feed-forward part's.
        #expect(
            try shapes(section("ia3"), TinyModel.gpt2).prefix(2) == [
                "base_model.model.transformer.h.0.attn.c_attn.ia3_l [24, 1]",
                "base_model.model.transformer.h.0.mlp.c_proj.ia3_l [1, 12]",
            ])
    }

    @Test("feedforward_modules is a list or an expression; its names are the ends of paths")
    func feedForwardModules() throws {
        func option(_ modules: String) throws -> String? {
            try configuration(
                """
                {"peft_type": "IA3", "target_modules": ["k_proj", "down_proj"], "feedforward_modules": \(modules)}
                """
            ).section.option("feed-forward")?.text
        }
        #expect(try option(#"["mlp.down_proj", "fc2"]"#) == #".*(fc2|mlp\.down_proj)"#)
        #expect(try option(#"".*down_proj""#) == ".*down_proj")
        #expect(try option("[]") == "")
    }

    @Test("LN-tuning has PEFT's names; a file may choose norms by name")
    func normNames() throws {
        #expect(
            try shapes(section("ln-tuning")) == [
                "base_model.model.model.layers.0.input_layernorm.ln_tuning_layers.weight [8]",
                "base_model.model.model.layers.0.post_attention_layernorm.ln_tuning_layers.weight [8]",
                "base_model.model.model.layers.1.input_layernorm.ln_tuning_layers.weight [8]",
                "base_model.model.model.layers.1.post_attention_layernorm.ln_tuning_layers.weight [8]",
                "base_model.model.model.norm.ln_tuning_layers.weight [8]",
            ])
        #expect(
            try shapes(section("ln-tuning"), TinyModel.gpt2).last?.hasSuffix("ln_f.ln_tuning_layers.bias [8]") == true)
        let read = try configuration(#"{"peft_type": "LN_TUNING", "target_modules": ["norm", "input_layernorm"]}"#)
        #expect(try shapes(read.section).count == 3)
        #expect(
            try message(section("ln-tuning", ["norms": .list([.text("ln_1")])])) == """
                adapter.norms: [ln_1] does not fit; expected input_layernorm, norm, post_attention_layernorm.
                """)
    }

    @Test("LN-tuning names norms in files by name where all of a name are trained, else by path")
    func normsInFiles() throws {
        func modules(_ norms: ConfigurationValue) throws -> JSONValue? {
            let model = try TinyModel.make(engine: engine)
            let adapter = try model.attachAdapters(section("ln-tuning", ["norms": norms]), seed: 1)
            _ = ParameterSet(adapter.parameters, memory: engine.memory)
            return try AdapterFiles.content(of: model, baseModel: "m").configuration.json["target_modules"]
        }
        #expect(try modules(.text(".*")) == ["input_layernorm", "norm", "post_attention_layernorm"])
        #expect(
            try modules(.text(".*norm")) == [
                "model.layers.0.input_layernorm", "model.layers.0.post_attention_layernorm",
                "model.layers.1.input_layernorm", "model.layers.1.post_attention_layernorm", "model.norm",
            ])
    }

    @Test("which modules an option means is a list of names or an expression that can be parsed")
    func moduleOptions() throws {
        func message(_ norms: String) -> String {
            do {
                let yaml =
                    "model: m\noutput: o\ndata: {train: t}\ntraining: {steps: 1}\nadapter: {method: ln-tuning, norms: \(norms)}"
                return try RunConfiguration.parse(yaml: yaml, path: "run.yaml").adapter?.option("norms")?.inlineYAML
                    ?? ""
            } catch {
                return "\(error)"
            }
        }
        #expect(message("[norm, ln_f]") == "[norm, ln_f]")
        #expect(message(".*norm") == #"".*norm""#)
        let expected = "a list of module names, or a regular expression that their whole paths match"
        #expect(message("\"(\"") == "run.yaml:5:37: adapter.norms: expected \(expected), but got \"(\".")
        #expect(message("[]").hasPrefix("run.yaml:5:37: adapter.norms: expected \(expected), but got"))
    }

    @Test("BitFit on a model without biases says what to use instead")
    func noBiases() throws {
        #expect(
            try message(section("bitfit")) == """
                adapter.method: bitfit trains biases, and this model has none; use ln-tuning, which trains the norms, or ia3, \
                which scales activations, of similar size.
                """)
        #expect(
            try shapes(section("bitfit")) { $0.queryKeyValueBias = true }.prefix(2) == [
                "base_model.model.model.layers.0.self_attn.q_proj.bias [16]",
                "base_model.model.model.layers.0.self_attn.k_proj.bias [8]",
            ])
    }

    @Test("weight decay leaves norms, biases and scales alone", arguments: ["ia3", "bitfit", "ln-tuning", "full"])
    func decay(method: String) throws {
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let adapter = try model.attachAdapters(section(method), seed: 1)
        for parameter in adapter.parameters {
            #expect(parameter.decays == (method == "full" && parameter.shape.count == 2), "\(parameter.name)")
        }
    }

    @Test("the method full and makeAllTrainable are the same bits", arguments: [false, true])
    func full(isGPT2: Bool) throws {
        let results = try [false, true].map { attaches in
            let model = try TinyModel.make(engine: engine) { if isGPT2 { TinyModel.gpt2(&$0) } }
            let parameters =
                attaches ? try model.attachAdapters(section("full"), seed: 1).parameters : model.makeAllTrainable()
            let set = ParameterSet(parameters, memory: engine.memory)
            batch.run(model)
            return (set.parameters.map { "\($0.name) \($0.shape)" }, set.values.elements(), set.gradients.elements())
        }
        #expect(results[0] == results[1])
    }

    @Test("adapter.method: full is training.trainable: all")
    func spellings() throws {
        func parse(_ adapter: String, _ overrides: [String] = []) throws -> RunConfiguration {
            try RunConfiguration.parse(
                yaml: "model: m\noutput: o\ndata: {train: t}\ntraining: {steps: 1}\n" + adapter, path: "run.yaml",
                overrides: overrides)
        }
        func message(_ adapter: String, _ overrides: [String] = []) -> String {
            do {
                _ = try parse(adapter, overrides)
                return "accepted"
            } catch {
                return "\(error)"
            }
        }
        let all = try parse("", ["training.trainable=all"])
        #expect(try parse("adapter: {method: full}") == all)
        #expect(try parse("adapter: {method: full}", ["training.trainable=all"]) == all)
        #expect(try parse("", ["adapter.method=full"]) == all)
        #expect(all.adapter == nil)
        #expect(
            message("adapter: {method: full, rank: 8}") == """
                run.yaml:5:25: adapter.rank means nothing to the method full; remove it; full takes method.
                """)
        #expect(
            message("adapter: {method: full}", ["training.trainable=adapter"]) == """
                --set training.trainable=adapter: training.trainable is adapter, but adapter.method is full, which trains the \
                model itself; remove one of them.
                """)
        #expect(message("adapter: {method: full}\nchain: {links: 2}").contains("a chain is made of adapters"))
    }
}
