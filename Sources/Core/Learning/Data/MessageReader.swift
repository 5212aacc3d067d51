import CatenaFiles
import CatenaText

/// Reads the turns of a conversation: `role` and `content`, or `from` and `value`.
///
/// The template sees every key of a message except those that only say whether it is learned; null members are left out, as
/// Hugging Face's `apply_chat_template` does.
enum MessageReader {
    /// The messages of a list, or of a JSON text of one; `place` names it in messages.
    static func messages(_ value: JSONValue, at place: String) throws(RecordFault) -> [Conversation.Message] {
        var value = value
        if case .string(let text) = value {
            guard let parsed = JSONValue(text: text) else {
                throw RecordFault(
                    expected: "a list of messages, or its JSON text, in \"\(place)\"", found: value.summary)
            }
            value = parsed
        }
        guard case .array(let elements) = value, !elements.isEmpty else {
            throw RecordFault(expected: "a list of messages in \"\(place)\"", found: value.summary)
        }
        var messages: [Conversation.Message] = []
        messages.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            messages.append(try message(element, at: "\(place)[\(index)]"))
        }
        return messages
    }

    private static func message(_ value: JSONValue, at place: String) throws(RecordFault) -> Conversation.Message {
        guard case .object(let members) = value else {
            throw RecordFault(expected: "{\"role\", \"content\"} in \(place)", found: value.summary)
        }
        let given = members.filter { !$0.value.isNull }
        let speaker = given["role"] == nil && given["from"] != nil ? "from" : "role"
        guard let name = given[speaker] else {
            throw RecordFault(expected: "a role in \(place).role", found: "no such key")
        }
        guard case .string(let spoken) = name, let known = DataKeys.roles[spoken] else {
            throw RecordFault(
                expected:
                    "system, developer, user, assistant or tool (or another name of theirs) in \(place).\(speaker)",
                found: name.summary)
        }
        let isCall = known == "call"
        let role = isCall ? "assistant" : known
        let textKey = given["content"] != nil ? "content" : "value"
        var fields: JSONObject = [:]
        var calls: JSONValue?
        if isCall { calls = try ToolReader.calls(given[textKey] ?? .null, at: place) }
        for (key, value) in given {
            switch key {
            case speaker: fields.append("role", .string(role))
            case "role", "from",
                "value" where key != textKey, "content" where key != textKey:
                break
            case textKey:
                if !isCall { fields.append("content", try content(value, role: role, at: place)) }
            case "tool_calls":
                if value != .array([]), value != "" { calls = try ToolReader.calls(value, at: "\(place).tool_calls") }
            case "function_call": calls = try ToolReader.calls(value, at: "\(place).function_call")
            default:
                if DataKeys.flags[key] == nil { fields.append(key, value) }
            }
        }
        if let calls {
            guard role == "assistant" else {
                throw RecordFault(
                    expected: "tool_calls in assistant messages only", found: "\(place) of the role \(role)")
            }
            fields.append("tool_calls", calls)
        }
        if calls == nil, fields["content"] == nil, given["reasoning_content"]?.isEmpty ?? true {
            throw RecordFault(expected: "a string in \(place).content", found: "no such key")
        }
        let flag = try isLearned(given, role: role, at: place)
        return Conversation.Message(fields: fields, isLearned: role == "assistant" && flag != false)
    }

    /// A text; parts of text are joined with nothing between. What a tool answers may be an object.
    private static func content(_ value: JSONValue, role: String, at place: String) throws(RecordFault) -> JSONValue {
        switch value {
        case .string: return value
        case .object where role == "tool": return value
        case .array(let parts):
            var text = ""
            for part in parts { text += try partText(part, at: place) }
            return .string(text)
        default: throw RecordFault(expected: "a string in \(place).content", found: value.summary)
        }
    }

    private static func partText(_ part: JSONValue, at place: String) throws(RecordFault) -> String {
        if case .string(let text) = part { return text }
        let type = part["type"] ?? "text"
        if type == "text", case .string(let text) = part["text"] { return text }
        let found = if case .string(let name) = type { "one of the type \(name)" } else { part.summary }
        throw RecordFault(expected: "parts of text in \(place).content", found: found)
    }

    /// Whether the message is learned; nil where it does not say.
    private static func isLearned(
        _ members: JSONObject, role: String, at place: String
    ) throws(RecordFault) -> Bool? {
        var said: [(key: String, isLearned: Bool)] = []
        for (key, value) in members {
            guard let flag = DataKeys.flags[key] else { continue }
            let isSet: Bool
            switch value {
            case .bool(let value): isSet = value
            case .integer(0), .number(0): isSet = false
            case .integer(1), .number(1): isSet = true
            default:
                let expected = flag == .number ? "0 or 1" : "true or false"
                throw RecordFault(expected: "\(expected) in \(place).\(key)", found: value.summary)
            }
            said.append((key, flag == .inverse ? !isSet : isSet))
        }
        guard let first = said.first else { return nil }
        guard said.allSatisfy({ $0.isLearned == first.isLearned }) else {
            let keys = said.map { "\"\($0.key)\"" }.sorted().joined(separator: " and ")
            throw RecordFault(
                expected: "keys that agree on whether \(place) is learned", found: "\(keys), which do not")
        }
        if first.isLearned, role != "assistant" {
            throw RecordFault(
                expected: "only assistant messages to be learned",
                found: "\"\(first.key)\" in \(place) of the role \(role)")
        }
        return first.isLearned
    }
}
