import CatenaFiles
import CatenaText

/// The chat templates that Catena has itself, for models without one.
///
/// They are Jinja texts as models' own are. `beginning` is the token that begins a sequence, where the style writes it, and `ending`
/// the one that ends an answer.
package enum BuiltInTemplate: String, Sendable, CaseIterable {
    /// `<|im_start|>role\n…<|im_end|>\n`: the form of SmolLM2, Qwen2, Qwen3 and others.
    case chatml
    /// `<s>[INST] … [/INST] … </s>`, the system message in `<<SYS>>`: the form of Llama 2.
    case llama2
    /// `<|start_header_id|>role<|end_header_id|>\n\n…<|eot_id|>`: the form of Llama 3.
    case llama3
    /// `### Instruction:` and `### Response:`.
    case alpaca
    /// Prompt and completion as they are; turns of a conversation as `User:` and `Assistant:` lines.
    case plain

    /// The template's text.
    var text: String {
        switch self {
        case .chatml:
            #"{{ beginning }}{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content }}"#
                + #"{{ ending if message.role == 'assistant' else '<|im_end|>' }}{{ '\n' }}{% endfor %}"#
                + #"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"#
        case .llama2:
            #"{% set found = namespace(system='') %}{% for message in messages %}"#
                + #"{% if loop.first and message.role == 'system' %}"#
                + #"{% set found.system = '<<SYS>>\n' + message.content + '\n<</SYS>>\n\n' %}{% endif %}{% endfor %}"#
                + #"{% set turns = messages[1:] if found.system else messages %}{% for message in turns %}"#
                + #"{% if message.role != ('user' if loop.index0 % 2 == 0 else 'assistant') %}"#
                + #"{{ raise_exception('the llama2 template needs user and assistant messages in turn') }}{% endif %}"#
                + #"{% if message.role == 'user' %}"#
                + #"{{ beginning + '[INST] ' + ((found.system if loop.first else '') + message.content) | trim + ' [/INST]' }}"#
                + #"{% else %}{{ ' ' + message.content | trim + ' ' + ending }}{% endif %}{% endfor %}"#
        case .llama3:
            #"{{ beginning }}{% for message in messages %}"#
                + #"{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim }}"#
                + #"{{ ending if message.role == 'assistant' else '<|eot_id|>' }}{% endfor %}"#
                + #"{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"#
        case .alpaca:
            #"{{ beginning }}{% for message in messages %}{% if message.role == 'system' %}"#
                + #"{% if not loop.first %}{{ raise_exception('the alpaca template has a system message only as the first') }}"#
                + #"{% endif %}{{ message.content }}{% elif message.role == 'user' %}"#
                + #"{% if loop.first %}{{ '\#(Self.alpacaTask). \#(Self.alpacaRequest)' }}{% endif %}"#
                + #"{{ '\n\n### Instruction:\n' + message.content + '\n\n### Response:\n' }}"#
                + #"{% else %}{{ message.content + ending }}{% endif %}{% endfor %}"#
        case .plain:
            #"{{ beginning }}{% for message in messages %}{% if message.role == 'system' %}{{ message.content + '\n' }}"#
                + #"{% elif message.role == 'user' %}{{ 'User: ' + message.content + '\n' }}"#
                + #"{% else %}{{ 'Assistant: ' + message.content + ending + '\n' }}{% endif %}{% endfor %}"#
                + #"{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"#
        }
    }

    /// The token that ends an answer in models of this form.
    var ending: String? {
        switch self {
        case .chatml: "<|im_end|>"
        case .llama3: "<|eot_id|>"
        case .llama2, .alpaca, .plain: nil
        }
    }

    private static let alpacaTask = "Below is an instruction that describes a task"
    private static let alpacaRequest = "Write a response that appropriately completes the request."

    /// The Alpaca prompt as data sets of that form have it.
    static func alpacaPrompt(instruction: String, input: String) -> String {
        if input.isEmpty {
            return "\(alpacaTask). \(alpacaRequest)\n\n### Instruction:\n\(instruction)\n\n### Response:\n"
        }
        return "\(alpacaTask), paired with an input that provides further context. \(alpacaRequest)\n\n"
            + "### Instruction:\n\(instruction)\n\n### Input:\n\(input)\n\n### Response:\n"
    }

    /// Refuses what only a model's own template can write: tools and their calls, documents, reasoning, variables, roles other than
    /// three, content that is no text.
    func requireWritable(_ conversation: Conversation) throws(TemplateMismatch) {
        if conversation.tools != nil { throw cannotWrite("tools", "\"tools\"") }
        if conversation.documents != nil { throw cannotWrite("documents", "\"documents\"") }
        if !conversation.templateVariables.isEmpty {
            throw cannotWrite("variables of a model's own template", "\"chat_template_kwargs\"")
        }
        for (index, message) in conversation.messages.enumerated() {
            let place = "messages[\(index)]"
            guard ["system", "user", "assistant"].contains(message.role) else {
                throw cannotWrite("messages of the role \(message.role)", place)
            }
            for field in message.fields where Self.unwritableKeys.contains(field.key) && field.value != .null {
                throw cannotWrite(field.key, "\(place).\(field.key)")
            }
            guard message.content != nil else { throw cannotWrite("a message without text", place) }
        }
    }

    private static let unwritableKeys = ["tool_calls", "function_call", "reasoning_content", "reasoning", "thinking"]

    private func cannotWrite(_ what: String, _ place: String) -> TemplateMismatch {
        TemplateMismatch(
            expected: "messages of system, user and assistant with a text each",
            found: "\(place): template \(rawValue) cannot write \(what)")
    }
}

/// Why a conversation does not fit a template.
struct TemplateMismatch: Error {
    let expected: String
    let found: String
}
