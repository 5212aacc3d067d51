import CatenaCore
import Testing

@Suite("Chat template")
struct ChatTemplateTests {
    private static let smolLM2 = """
        {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
        You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
        ' }}{% endif %}{{'<|im_start|>' + message['role'] + '
        ' + message['content'] + '<|im_end|>' + '
        '}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
        ' }}{% endif %}
        """
    private static let conversation = Example.messages([
        .init("user", "Hi "), .init("assistant", "Yes?"), .init("user", "2+2?"), .init("assistant", " 4"),
    ])

    /// The text of an example with what is learned in braces.
    private func marked(_ example: Example, _ name: String, _ tokenizer: ByteTokenizer) throws -> String {
        let template = try ChatTemplate(named: name, tokenizer: tokenizer)
        let encoder = try ExampleEncoder(tokenizer: tokenizer, template: template, maximumLength: 4096)
        let encoded = try encoder.encode(SourcedExample(example, file: "f", line: 1))[0]
        var text = ""
        var isOpen = false
        for (id, label) in zip(encoded.inputIds, encoded.labels) {
            #expect(label == id || label == -100)
            if (label != -100) != isOpen {
                text += isOpen ? "}" : "{"
                isOpen.toggle()
            }
            text += tokenizer.text(of: [id])
        }
        return text + (isOpen ? "}" : "")
    }

    @Test("chatml: turns, the model's own system message, answers and their end learned")
    func chatml() throws {
        var tokenizer = ByteTokenizer()
        tokenizer.endOfSequenceIds = [4]
        #expect(
            try marked(Self.conversation, "chatml", tokenizer)
                == "<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n{Yes?<|im_end|>}\n"
                + "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n{ 4<|im_end|>}\n")
        tokenizer.chatTemplate = Self.smolLM2
        let system =
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        #expect(
            try marked(.completion(prompt: "p", completion: "c"), "auto", tokenizer)
                == system + "<|im_start|>user\np<|im_end|>\n<|im_start|>assistant\n{c<|im_end|>}\n")
        #expect(
            try marked(
                .messages([.init("system", "s"), .init("user", "u"), .init("assistant", "a")]), "auto", tokenizer)
                == "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n{a<|im_end|>}\n"
        )
        #expect(
            try marked(.instruction(instruction: "i", input: "x", output: "o"), "auto", tokenizer)
                == system + "<|im_start|>user\ni\n\nx<|im_end|>\n<|im_start|>assistant\n{o<|im_end|>}\n")
    }

    @Test("the default system message is found in a template that writes \\n as two characters, and only if literal")
    func defaultSystem() throws {
        var tokenizer = ByteTokenizer()
        tokenizer.chatTemplate = #"{{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}"#
        #expect(try ChatTemplate(named: "auto", tokenizer: tokenizer).defaultSystem == nil)
        tokenizer.chatTemplate? += #"{{- '<|im_start|>system\nYou are Qwen.<|im_end|>\n' }}"#
        #expect(try ChatTemplate(named: "auto", tokenizer: tokenizer).defaultSystem == "You are Qwen.")
    }

    @Test("a template that can think gets its empty thinking block before the last answer, not learned")
    func thinkingBlock() throws {
        var tokenizer = ByteTokenizer()
        tokenizer.chatTemplate = "<|im_start|> enable_thinking"
        #expect(
            try marked(Self.conversation, "auto", tokenizer).hasSuffix(
                "assistant\n{Yes?<|im_end|>}\n<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n"
                    + "<think>\n\n</think>\n\n{ 4<|im_end|>}\n"))
    }

    @Test("llama3: headers, trimmed content, the date preamble of 3.1")
    func llama3() throws {
        var tokenizer = ByteTokenizer(
            specialTokens: [
                "<pad>", "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
                "<|eot_id|>",
            ])
        let header = { (role: String) in "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
        let turns =
            header("user") + "Hi<|eot_id|>" + header("assistant") + "{Yes?<|eot_id|>}" + header("user")
            + "2+2?<|eot_id|>"
            + header("assistant") + "{4<|eot_id|>}"
        #expect(try marked(Self.conversation, "auto", tokenizer) == "<|begin_of_text|>" + turns)
        tokenizer.chatTemplate = "<|start_header_id|> Cutting Knowledge Date: December 2023"
        #expect(
            try marked(Self.conversation, "auto", tokenizer) == "<|begin_of_text|>" + header("system")
                + "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n<|eot_id|>" + turns)
    }

    @Test("llama2: the system message inside the first question; Mistral without it")
    func llama2() throws {
        var tokenizer = ByteTokenizer()
        let example = Example.messages([
            .init("system", "s"), .init("user", "u"), .init("assistant", "a"), .init("user", "v"),
            .init("assistant", "b"),
        ])
        #expect(
            try marked(example, "llama2", tokenizer)
                == "<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nu [/INST]{ a </s>}<s>[INST] v [/INST]{ b </s>}")
        tokenizer.chatTemplate = "[INST]"
        #expect(try marked(example, "auto", tokenizer) == "<s>[INST] s\n\nu [/INST]{ a</s>}[INST] v [/INST]{ b</s>}")
        #expect(
            throws: DataError.invalidExample(
                file: "f", line: 1, expected: "user and assistant messages in turn, as the llama2 template needs",
                found: "assistant where user should speak")
        ) { try marked(.messages([.init("assistant", "a")]), "llama2", tokenizer) }
    }

    @Test("alpaca: with and without input")
    func alpaca() throws {
        let tokenizer = ByteTokenizer(addsBeginningOfSequence: true)
        let task = "Below is an instruction that describes a task"
        #expect(
            try marked(.instruction(instruction: "i", input: "x", output: "o"), "alpaca", tokenizer)
                == "<s>\(task), paired with an input that provides further context. Write a response that appropriately "
                + "completes the request.\n\n### Instruction:\ni\n\n### Input:\nx\n\n### Response:\n{o</s>}")
        #expect(
            try marked(.completion(prompt: "p", completion: "c"), "alpaca", tokenizer)
                == "<s>\(task). Write a response that appropriately completes the request.\n\n### Instruction:\np\n\n"
                + "### Response:\n{c</s>}")
    }

    @Test("plain: prompt and completion as they are, turns as lines, text learned whole")
    func plain() throws {
        let tokenizer = ByteTokenizer(addsBeginningOfSequence: true)
        #expect(try marked(.completion(prompt: "2+2=", completion: "4"), "plain", tokenizer) == "<s>2+2={4</s>}")
        #expect(
            try marked(.instruction(instruction: "i", input: "x", output: "o"), "plain", tokenizer)
                == "<s>i\nx\n{o</s>}")
        #expect(
            try marked(Self.conversation, "plain", tokenizer)
                == "<s>User: Hi \nAssistant:{ Yes?</s>}\nUser: 2+2?\nAssistant:{  4</s>}\n")
        #expect(try marked(.text("t"), "chatml", tokenizer) == "<s>{t</s>}")
    }

    @Test("a turn that is not to be trained is not learned, nor its end")
    func unsupervisedTurn() throws {
        let example = Example.messages([
            .init("user", "u"), .init("assistant", "a", isLearned: false), .init("user", "v"), .init("assistant", "b"),
        ])
        #expect(
            try marked(example, "plain", ByteTokenizer()) == "User: u\nAssistant: a</s>\nUser: v\nAssistant:{ b</s>}\n")
    }

    @Test("auto goes by the model's template, then by its tokens, then takes plain and says so")
    func auto() throws {
        let names = ["{{<|im_start|>}}": ChatTemplate.Style.chatml, "<|start_header_id|>": .llama3, "[INST]": .llama2]
        for (text, style) in names {
            #expect(try ChatTemplate(named: "auto", tokenizer: ByteTokenizer(chatTemplate: text)).style == style)
        }
        #expect(try ChatTemplate(named: "auto", tokenizer: ByteTokenizer()).style == .chatml)
        let bare = try ChatTemplate(named: "auto", tokenizer: ByteTokenizer(specialTokens: ["<pad>", "<s>", "</s>"]))
        #expect(bare.style == .plain)
        #expect(bare.notes == ["The model has no chat template; data.template auto takes plain."])
        #expect(throws: DataError.unknownTemplate("vicuna", known: ChatTemplate.knownNames)) {
            try ChatTemplate(named: "vicuna", tokenizer: ByteTokenizer())
        }
    }

    @Test(
        "a prompt is the beginning of the training text, up to the last answer",
        arguments: ["chatml", "llama2", "alpaca", "plain"])
    func prompts(name: String) throws {
        let tokenizer = ByteTokenizer()
        let template = try ChatTemplate(named: name, tokenizer: tokenizer)
        let encoder = try ExampleEncoder(tokenizer: tokenizer, template: template, maximumLength: 4096)
        for example in [
            Self.conversation, .completion(prompt: "p", completion: "c"),
            .instruction(instruction: "i", input: "x", output: "o"),
        ] {
            let sourced = SourcedExample(example, file: "f", line: 1)
            let encoded = try encoder.encode(sourced)[0]
            let prompt = try #require(try encoder.prompt(for: sourced))
            let lastRun = try #require(encoded.labels.lastIndex { $0 != -100 })
            let answerStart = (encoded.labels[..<lastRun].lastIndex(of: -100) ?? -1) + 1
            #expect(prompt.inputIds == Array(encoded.inputIds[..<answerStart]))
            #expect(prompt.text == tokenizer.text(of: prompt.inputIds))
            #expect(prompt.stopIds.contains(encoded.inputIds[lastRun]))
        }
        #expect(Self.conversation.reference == " 4")
        #expect(try encoder.prompt(for: SourcedExample(.text("t"), file: "f", line: 1)) == nil)
    }
}
