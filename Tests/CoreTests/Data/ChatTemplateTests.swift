import CatenaLearning
import CatenaFiles
import CatenaText
import Testing

@Suite("Chat template")
struct ChatTemplateTests {
    /// An invented template with a system text of its own.
    private static let own = """
        {{ bos_token }}{% if messages[0].role != 'system' %}{{ '[system]Be kind.' }}{% endif %}
        {% for m in messages %}{{ '[' + m.role + ']' + m.content + (eos_token if m.role == 'assistant' else '') }}{% endfor %}
        {% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}
        """
    private static let conversation = Example.messages([
        .init("user", "Hi "), .init("assistant", "Yes?"), .init("user", "2+2?"), .init("assistant", " 4"),
    ])

    private func encoder(_ name: String, _ tokenizer: any TextTokenizer) throws -> ExampleEncoder {
        try ExampleEncoder(
            tokenizer: tokenizer, template: try ChatTemplate(named: name, tokenizer: tokenizer), maximumLength: 4096)
    }

    /// The text of an example with what is learned in braces.
    private func marked(_ example: Example, _ name: String, _ tokenizer: ByteTokenizer) throws -> String {
        let encoded = try encoder(name, tokenizer).encode(SourcedExample(example, file: "f", line: 1))[0]
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

    private func refusal(_ example: Example, _ name: String, _ tokenizer: ByteTokenizer) -> String {
        do {
            return try marked(example, name, tokenizer)
        } catch {
            return "\(error)"
        }
    }

    @Test("the model's own template writes conversations, prompts and instructions; answers and their end are learned")
    func ownTemplate() throws {
        let tokenizer = ByteTokenizer(chatTemplate: Self.own)
        #expect(
            try marked(Self.conversation, "auto", tokenizer)
                == "<s>[system]Be kind.[user]Hi [assistant]{Yes?</s>}[user]2+2?[assistant]{ 4</s>}")
        #expect(
            try marked(.completion(prompt: "p", completion: "c"), "auto", tokenizer)
                == "<s>[system]Be kind.[user]p[assistant]{c</s>}")
        #expect(
            try marked(.instruction(instruction: "i", input: "x", output: "o"), "auto", tokenizer)
                == "<s>[system]Be kind.[user]i\n\nx[assistant]{o</s>}")
        let choice = try ChatTemplate(named: "auto", tokenizer: tokenizer).choice
        #expect(choice == "Chat template: the model's own (test).")
    }

    @Test("chatml: turns, answers and their end learned")
    func chatml() throws {
        var tokenizer = ByteTokenizer()
        tokenizer.endOfSequenceIds = [4]
        #expect(
            try marked(Self.conversation, "chatml", tokenizer)
                == "<|im_start|>user\nHi <|im_end|>\n<|im_start|>assistant\n{Yes?<|im_end|>}\n"
                + "<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n{ 4<|im_end|>}\n")
        #expect(
            try marked(
                .messages([.init("system", "s"), .init("user", "u"), .init("assistant", "a")]), "chatml", tokenizer)
                == "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n{a<|im_end|>}\n"
        )
        tokenizer.chatTemplate = Self.own
        #expect(
            try ChatTemplate(named: "chatml", tokenizer: tokenizer).choice
                == "Chat template: chatml, built in. The model's own is not used.")
    }

    @Test("llama3: headers, trimmed content")
    func llama3() throws {
        let tokenizer = ByteTokenizer(
            specialTokens: [
                "<pad>", "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
                "<|eot_id|>",
            ])
        let header = { (role: String) in "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
        #expect(
            try marked(Self.conversation, "llama3", tokenizer)
                == "<|begin_of_text|>" + header("user") + "Hi<|eot_id|>" + header("assistant") + "{Yes?<|eot_id|>}"
                + header("user") + "2+2?<|eot_id|>" + header("assistant") + "{4<|eot_id|>}")
    }

    @Test("llama2: the system message inside the first question; turns must alternate")
    func llama2() throws {
        let tokenizer = ByteTokenizer()
        let example = Example.messages([
            .init("system", "s"), .init("user", "u"), .init("assistant", "a"), .init("user", "v"),
            .init("assistant", "b"),
        ])
        #expect(
            try marked(example, "llama2", tokenizer)
                == "<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nu [/INST]{ a </s>}<s>[INST] v [/INST]{ b </s>}")
        let refused = refusal(
            .messages([.init("user", "a"), .init("user", "b"), .init("assistant", "c")]), "llama2", tokenizer)
        #expect(refused.contains("f:1:") && refused.contains("user and assistant messages in turn"), "\(refused)")
    }

    @Test("alpaca: with and without input, a system message in the task's place")
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
        #expect(
            try marked(
                .messages([.init("system", "s"), .init("user", "p"), .init("assistant", "c")]), "alpaca", tokenizer)
                == "<s>s\n\n### Instruction:\np\n\n### Response:\n{c</s>}")
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

    @Test("a text or prompt that carries the beginning or an end of sequence does not get another one")
    func notDoubled() throws {
        let tokenizer = ByteTokenizer(addsBeginningOfSequence: true)
        #expect(try marked(.text("<s>t</s>\n"), "auto", tokenizer) == "{<s>t</s>\n}")
        #expect(try marked(.completion(prompt: "<s>p", completion: "c</s>"), "plain", tokenizer) == "<s>p{c</s>}")
        let encoder = try encoder("plain", tokenizer)
        let prompt = SourcedExample(.completion(prompt: "<s>p", completion: "c"), file: "f", line: 1)
        #expect(try encoder.prompt(for: prompt)?.text == "<s>p")
    }

    @Test("a prompt that begins with the model's own marker is not put into the template again")
    func writtenPrompts() {
        let tokenizer = ByteTokenizer(chatTemplate: Self.own)
        let example = Example.completion(prompt: "<|im_start|>user\nu", completion: "c")
        let refused = refusal(example, "auto", tokenizer)
        #expect(refused.contains("f:1:") && refused.contains("<|im_start|>; data.template: plain"), "\(refused)")
        #expect(refusal(example, "plain", tokenizer) == "<|im_start|>user\nu{c</s>}")
    }

    @Test("a turn that is not to be trained is not learned, nor its end")
    func unsupervisedTurn() throws {
        let example = Example.messages([
            .init("user", "u"), .init("assistant", "a", isLearned: false), .init("user", "v"), .init("assistant", "b"),
        ])
        #expect(
            try marked(example, "plain", ByteTokenizer()) == "User: u\nAssistant: a</s>\nUser: v\nAssistant:{ b</s>}\n")
    }

    @Test("without a template messages are refused by name, prompts and answers are joined as they are")
    func noTemplate() throws {
        let tokenizer = ByteTokenizer()
        let template = try ChatTemplate(named: "auto", tokenizer: tokenizer)
        #expect(template.source == .none)
        #expect(
            template.choice == "The model has no chat template: prompts and answers are joined as they are.")
        let refused = refusal(Self.conversation, "auto", tokenizer)
        for part in ["f:1:", "data.template", "chatml, llama2, llama3, alpaca, plain"] {
            #expect(refused.contains(part), "\(refused)")
        }
        #expect(try marked(.completion(prompt: "p", completion: "c"), "auto", tokenizer) == "p{c</s>}")
        #expect(throws: DataError.self) { try ChatTemplate(named: "vicuna", tokenizer: tokenizer) }
    }

    @Test("what a built-in template cannot write is refused by name")
    func builtInLimits() {
        var conversation = Conversation(messages: [.init("user", "u"), .init("assistant", "a")])
        conversation.messages[1].fields.append("reasoning_content", .string("r"))
        #expect(
            refusal(.conversation(conversation), "chatml", ByteTokenizer()).contains("messages[1].reasoning_content"))
        conversation = Conversation(messages: [.init("tool", "t"), .init("assistant", "a")])
        #expect(refusal(.conversation(conversation), "chatml", ByteTokenizer()).contains("the role tool"))
        conversation = Conversation(messages: [.init("user", "u"), .init("assistant", "a")], tools: [])
        #expect(refusal(.conversation(conversation), "chatml", ByteTokenizer()).contains("\"tools\""))
    }

    @Test("a conversation with tools is written by tool_use")
    func toolUse() throws {
        let tokenizer = ByteTokenizer(chatTemplate: Self.own, toolTemplate: "T" + Self.own)
        let messages: [Conversation.Message] = [.init("user", "u"), .init("assistant", "a")]
        #expect(
            try marked(.conversation(Conversation(messages: messages, tools: [[:]])), "auto", tokenizer)
                == "T<s>[system]Be kind.[user]u[assistant]{a</s>}")
        #expect(
            try ChatTemplate(named: "auto", tokenizer: tokenizer).choice
                == "Chat template: the model's own (test; with tools: tools).")
    }

    @Test("a template's refusal and a template that cannot be read are told with file, line and message")
    func failures() {
        let raising = ByteTokenizer(chatTemplate: "{{ raise_exception('only even days') }}")
        let refused = refusal(Self.conversation, "auto", raising)
        #expect(refused.contains("f:1:") && refused.contains("only even days"), "\(refused)")
        let broken = ByteTokenizer(chatTemplate: "{% for m in %}")
        #expect(refusal(Self.conversation, "auto", broken).contains("f:1: expected a chat template that can be read"))
        #expect(refusal(.text("t"), "auto", broken) == "{t</s>}")
    }

    @Test("a template that asks for the time is told the given day, which then belongs to the prepared data's key")
    func date() throws {
        let dated = ByteTokenizer(chatTemplate: "{{ strftime_now('%d %b %Y') }}" + Self.own)
        #expect(try marked(Self.conversation, "auto", dated).hasPrefix("26 Jul 2024<s>"))
        let folder = try DataTestFolder()
        let path = try folder.write(#"{"text":"t"}"#, to: "d.jsonl")
        func key(_ tokenizer: ByteTokenizer, _ day: String) throws -> String {
            let template = try ChatTemplate(named: "auto", tokenizer: tokenizer, date: try #require(TemplateDate(day)))
            return try PreparedDataset.key(
                path: path, encoder: ExampleEncoder(tokenizer: tokenizer, template: template, maximumLength: 9))
        }
        #expect(try key(dated, "2025-01-02") != key(dated, "2025-01-03"))
        let undated = ByteTokenizer(chatTemplate: Self.own)
        #expect(try key(undated, "2025-01-02") == key(undated, "2025-01-03"))
        #expect(try key(undated, "2025-01-02") != key(ByteTokenizer(chatTemplate: Self.own + "x"), "2025-01-02"))
        #expect(TemplateDate("2025-02-29") == nil && TemplateDate("25-2-3") == nil && TemplateDate("2024-02-29") != nil)
    }

    @Test(
        "a prompt is the beginning of the training text, up to the last answer",
        arguments: ["auto", "chatml", "llama2", "alpaca", "plain"])
    func prompts(name: String) throws {
        let tokenizer = ByteTokenizer(chatTemplate: Self.own)
        let encoder = try encoder(name, tokenizer)
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

    @Test("conversations whose earlier turns change become several examples, and the data say how many")
    func split() throws {
        let forgetting = """
            {% for m in messages %}{% if m.role == 'user' %}{{ '[user]' + m.content }}{% else %}
            {{ '[assistant]' + ('(thinks)' if loop.last else '') + m.content + eos_token }}{% endif %}{% endfor %}
            {% if add_generation_prompt %}{{ '[assistant]' }}{% endif %}
            """
        let tokenizer = ByteTokenizer(chatTemplate: forgetting)
        let encoder = try encoder("auto", tokenizer)
        let tokens = try PreparedTokens([SourcedExample(Self.conversation, file: "f", line: 1)], encoder: encoder)
        #expect(tokens.count == 2)
        let statistics = PreparedTokens(bytes: tokens.bytes()).statistics
        #expect(statistics.conversationCount == 1 && statistics.conversationExampleCount == 2)
        #expect(tokens == PreparedTokens(bytes: tokens.bytes()))
    }
}
