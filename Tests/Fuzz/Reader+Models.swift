import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

extension Reader {
    /// What a model says about itself: its shape and its chat template.
    static func models(_ corpus: Corpus) throws -> [Reader] { [try shape(corpus), try template(corpus)] }

    /// A config.json: counted and planned alone, then with the weights that belong to the unchanged one.
    private static func shape(_ corpus: Corpus) throws -> Reader {
        let names = ["llama-gqa", "mistral-window", "qwen2", "qwen3", "gemma2", "opt", "gpt2", "bert"]
        let engine = Engine(threads: 1)
        return Reader(
            name: "shape",
            inputs: try names.map { name in
                let folder = "Tests/Fixtures/parity/\(name)/model/"
                return Dictionary(
                    uniqueKeysWithValues: try ["config.json", "model.safetensors"].map {
                        ($0, try corpus.bytes(folder + $0))
                    })
            },
            keeps: ["model.safetensors"],
            words: [
                #""rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":64},"#,
                #""rope_scaling":{"type":"linear","factor":1e-9},"#, #""rope_theta":1e300,"#, #""rms_norm_eps":0,"#,
                #""layer_types":["full_attention","sliding_attention"],"#, #""sliding_window":1,"#,
                #""head_dim":1048576,"#, #""num_hidden_layers":4096,"#, #""hidden_size":1048576,"#,
                #""quantization_config":{"quant_method":7},"#, #""model_type":"opt","#, #""model_type":"gpt2","#,
                #""tie_word_embeddings":false,"#, #""max_position_embeddings":2147483647,"#, "-", "0", "e9", ".5",
            ]
        ) { folder in
            let shape = try ModelFamily.configuration(at: folder)
            for method in ["lora", "houlsby"] {
                let section = try AdapterMethod.named(method).defaultSection
                if let count = try? ParameterCount(model: shape, section: section) { _ = (count.text, count.json) }
                guard
                    let inventory = try? ModelInventory(
                        configuration: shape, storage: .encoding(.float32), adapter: section)
                else { continue }
                let request = PlanRequest(
                    inventory: inventory, work: .init(sequenceTokens: 64, microBatchSequences: 1, microBatches: 4),
                    cluster: .init(
                        ranks: 4, hosts: 2, memoryBytesPerHost: 1 << 34, coresPerHost: 4, gigaflopsPerCore: 50,
                        networkBytesPerSecond: 1e9))
                if (try? request.requireCountable()) != nil { _ = Plan(request) }
            }
            let model = try LanguageModel.load(folder, engine: engine)
            if model.head.demand == .segments {
                try model.requirePositions(3)
                let layout = SequenceLayout(segmentStarts: [0, 3], positions: [0, 1, 2])
                _ = model.head.scores(model.hiddenStates([1, 2, 3], layout: layout), layout: layout, engine: engine)
                return
            }
            _ = try Generator(model: model, stopIds: []).generate(
                [[1, 2, 3, 1, 2, 3]], maximumTokens: 2
            ) { _ in Sampler(temperature: 0, topP: 1, seed: 1) }
        }
    }

    /// A chat template that writes a conversation with tools and one without, and says what is learned of them.
    private static func template(_ corpus: Corpus) throws -> Reader {
        let tokenizer = try Tokenizer.load(model: corpus.model)
        let folder = corpus.root + "/Tests/Fixtures/chat-templates/"
        let names = [
            "devices-before-last", "hearth", "marked-calls", "muse", "ponder", "split-generation", "stepping",
            "strict-turns", "tail-end", "turn-marks", "white",
        ]
        var inputs = try names.map { name in
            try JSONValue.read(path: folder + name + ".json")["chat_template"]?.stringValue ?? ""
        }
        let snippets = try JSONValue.read(path: folder + "snippets.json")
        inputs += (snippets["snippets"]?.arrayValue ?? []).compactMap { $0["template"]?.stringValue }
        let messages = #"""
            [{"role":"system","content":"Be brief."},{"role":"user","content":"2 + 3?"},{"role":"assistant","content":"5"},
            {"role":"user","content":"é?"},{"role":"assistant","reasoning_content":"a","content":"b"}]
            """#
        let tools = #"""
            [{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"number"}}}}}]
            """#
        let calls = #"""
            [{"role":"user","content":"f"},{"role":"assistant","content":"","tool_calls":[{"type":"function","id":"aaaaaaaaa",
            "function":{"name":"f","arguments":{"x":1.5}}}]},{"role":"tool","tool_call_id":"aaaaaaaaa","content":"7"},
            {"role":"assistant","content":"7"}]
            """#
        let lines = [#"{"messages":\#(messages)}"#, #"{"messages":\#(calls),"tools":\#(tools)}"#].map {
            $0.replacing("\n", with: " ") + "\n"
        }
        let data = NSTemporaryDirectory() + "catena-fuzz-" + UUID().uuidString + ".jsonl"
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: data))
        defer { try? FileManager.default.removeItem(atPath: data) }
        let conversations = try ExampleReader.read(path: data).examples
        return Reader(
            name: "template",
            inputs: inputs.filter { !$0.isEmpty }.map { ["a.jinja": Array($0.utf8)] },
            words: [
                "{{", "}}", "{%", "%}", "{#", "#}", "{%-", "-%}", "{% raw %}", "{% endfor %}", "{% endif %}",
                "{% for m in messages %}", "{% for i in range(100000) %}", "{% set x = x ~ x %}",
                "{% set ns.x = [ns.x, ns.x] %}", "{{ 'a' * 99999999 }}", "{{ 2 ** 2 ** 99 }}",
                "{{ [messages] * 9999 }}",
                "{{ messages | tojson(indent=99999) }}", "{{ '%99999d' % 1 }}", "{{ '{:>99999}'.format(1) }}",
                "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}", "{% generation %}",
                "{% endgeneration %}",
                "{{ ''.join(messages) }}", " | list", " | join(',')", " | replace('', 'aaaa')", " | batch(1)",
                " | slice(9)",
                " | indent(9999)", " | sort", " | int", " // 0", " % 0", "[::0]", "[::-1]", "[-99:99]", ".split()",
                "(((((",
                "not ", "-", "~", " if ", " else ", " is defined", "loop.", "namespace(x=1)", "caller()",
            ]
        ) { folder in
            let encoder = try ExampleEncoder(
                tokenizer: tokenizer,
                template: ChatTemplate(named: folder + "/a.jinja", tokenizer: tokenizer), maximumLength: 64)
            for conversation in conversations {
                _ = try? encoder.record(conversation)
                _ = try encoder.prompt(for: conversation)
            }
        }
    }
}
