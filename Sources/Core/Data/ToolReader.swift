import CatenaFiles

/// Reads tools and calls of tools into OpenAI's form, from the forms that files have.
enum ToolReader {
    /// Tools as a list, as JSON text, as a list of JSON texts; without the `function` wrapper too.
    static func tools(_ value: OrderedJSON) throws(RecordFault) -> [OrderedJSON] {
        let found = try parsed(value, at: "tools")
        if found == .null { return [] }
        guard case .array(let elements) = found else {
            throw RecordFault(expected: "a list of tools in \"tools\"", found: found.summary)
        }
        var tools: [OrderedJSON] = []
        for element in elements {
            let tool = try parsed(element, at: "tools")
            guard case .object = tool else {
                throw RecordFault(expected: "objects in \"tools\"", found: tool.summary)
            }
            if tool["function"] != nil {
                tools.append(tool)
            } else {
                guard case .string = tool["name"] else {
                    throw RecordFault(expected: "a name in every tool of \"tools\"", found: tool.summary)
                }
                tools.append(["type": "function", "function": tool])
            }
        }
        return tools
    }

    /// Calls as a list, one object, or JSON text of either; JSON arguments become objects, other texts stay.
    static func calls(_ value: OrderedJSON, at place: String) throws(RecordFault) -> OrderedJSON {
        let found = try parsed(value, at: place)
        let elements: [OrderedJSON]
        switch found {
        case .array(let list): elements = list
        case .object: elements = [found]
        case .null where value != .null: elements = []
        default: throw RecordFault(expected: "a call of a tool, or a list of calls, in \(place)", found: found.summary)
        }
        var calls: [OrderedJSON] = []
        for element in elements {
            let function = element["function"] ?? element
            guard case .object = function, case .string(let name) = function["name"] else {
                throw RecordFault(expected: "an object with the \"name\" of a tool in \(place)", found: element.summary)
            }
            let call: OrderedJSON = [
                "type": "function",
                "function": ["name": .string(name), "arguments": arguments(of: function)],
            ]
            if let id = element["id"], id != .null, case .object(let members) = call {
                calls.append(.object([(key: "id", value: id)] + members))
            } else {
                calls.append(call)
            }
        }
        return .array(calls)
    }

    private static func arguments(of function: OrderedJSON) -> OrderedJSON {
        let value = function["arguments"] ?? function["parameters"] ?? .object([])
        guard case .string(let text) = value else { return value }
        if text.allSatisfy(\.isWhitespace) { return .object([]) }
        guard let parsed = OrderedJSON(text: text), case .object = parsed else { return value }
        return parsed
    }

    /// What a JSON text says; anything but a text is itself, and an empty text is null.
    private static func parsed(_ value: OrderedJSON, at place: String) throws(RecordFault) -> OrderedJSON {
        guard case .string(let text) = value else { return value }
        if text.allSatisfy(\.isWhitespace) { return .null }
        guard let parsed = OrderedJSON(text: text) else {
            throw RecordFault(expected: "JSON in \(place)", found: value.summary)
        }
        return parsed
    }
}
