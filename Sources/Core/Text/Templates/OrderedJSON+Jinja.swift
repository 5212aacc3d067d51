package import CatenaFiles
package import CatenaJinja

extension JinjaValue {
    /// The value as a template sees it: keys in order, 2 apart from 2.0.
    package init(_ json: OrderedJSON) {
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
        var members: [(key: String, value: OrderedJSON)] = []
        for field in fields {
            if case .null = field.value { continue }
            members.append(field)
        }
        let reasoning = Self.reasoningNames.lazy.compactMap { name in members.last { $0.key == name }?.value }.first
        if let reasoning {
            members.insert((key: "thinking", value: members.last { $0.key == "thinking" }?.value ?? reasoning), at: 0)
            members.append((key: "reasoning_content", value: reasoning))
        }
        return JinjaValue(.object(members))
    }
}

extension Conversation {
    /// The conversation with the arguments of tool calls as JSON text; nil where none is an object.
    var withTextArguments: Conversation? {
        var other = self
        var isChanged = false
        for index in messages.indices {
            for field in messages[index].fields.indices where messages[index].fields[field].key == "tool_calls" {
                guard case .array(let calls) = messages[index].fields[field].value else { continue }
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
                other.messages[index].fields[field].value = .array(changed)
            }
        }
        return isChanged ? other : nil
    }
}

extension OrderedJSON {
    /// The object with another value of `key`, where it has one.
    fileprivate func replacing(_ key: String, _ change: (OrderedJSON) -> OrderedJSON) -> OrderedJSON {
        guard case .object(var members) = self else { return self }
        for index in members.indices where members[index].key == key {
            members[index].value = change(members[index].value)
        }
        return .object(members)
    }
}
