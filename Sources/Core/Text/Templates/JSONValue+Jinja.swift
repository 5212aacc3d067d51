package import CatenaFiles
package import CatenaJinja

extension JinjaValue {
    /// The value as a template sees it: keys in order, 2 apart from 2.0.
    package init(_ json: JSONValue) {
        switch json {
        case .null: self = .none
        case .bool(let flag): self = .bool(flag)
        case .integer(let number): self = .whole(number)
        case .number(let number): self = .float(number)
        case .string(let text): self = .text(text)
        case .array(let elements): self = .list(JinjaSequence(elements.map { JinjaValue($0) }))
        case .object(let members):
            self = .dictionary(JinjaDictionary(members.map { (key: $0.key, value: JinjaValue($0.value)) }))
        }
    }
}

extension Conversation.Message {
    private static let reasoningNames = ["reasoning_content", "thinking", "reasoning"]

    /// The message as transformers gives it to templates: without null members; reasoning under both names that templates read.
    var templateValue: JinjaValue {
        var members = fields.filter { !$0.value.isNull }
        guard let reasoning = Self.reasoningNames.lazy.compactMap({ members[$0] }).first else {
            return JinjaValue(.object(members))
        }
        members = (["thinking": reasoning] as JSONObject).merging(members)
        members["reasoning_content"] = reasoning
        return JinjaValue(.object(members))
    }
}

extension Conversation {
    /// The conversation with the arguments of tool calls as JSON text; nil where none is an object.
    var withTextArguments: Conversation? {
        var other = self
        var isChanged = false
        for index in messages.indices {
            guard case .array(let calls)? = messages[index]["tool_calls"] else { continue }
            let changed = calls.map { call in
                call.replacing("function") { function in
                    function.replacing("arguments") { arguments in
                        guard case .object = arguments, let text = JinjaValue(arguments).jsonText else {
                            return arguments
                        }
                        isChanged = true
                        return .string(text)
                    }
                }
            }
            other.messages[index].fields["tool_calls"] = .array(changed)
        }
        return isChanged ? other : nil
    }
}

extension JSONValue {
    /// The object with another value of `key`, where it has one.
    fileprivate func replacing(_ key: String, _ change: (JSONValue) -> JSONValue) -> JSONValue {
        guard case .object(var members) = self, let value = members[key] else { return self }
        members[key] = change(value)
        return .object(members)
    }
}
