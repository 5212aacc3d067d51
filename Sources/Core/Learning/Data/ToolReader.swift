import CatenaFiles

/// Reads tools and calls of tools into OpenAI's form, from the forms that files have.
enum ToolReader {
    /// Tools as a list, as JSON text, as a list of JSON texts; without the `function` wrapper too.
    static func tools(_ value: JSONValue) throws(RecordFault) -> [JSONValue] {
        let found = try parsed(value, at: "tools")
        if found == .null { return [] }
        guard case .array(let elements) = found else {
            throw RecordFault(expected: "a list of tools in \"tools\"", found: found.summary)
        }
        var tools: [JSONValue] = []
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
    static func calls(_ value: JSONValue, at place: String) throws(RecordFault) -> JSONValue {
        let found = try parsed(value, at: place)
        let elements: [JSONValue]
        switch found {
        case .array(let list): elements = list
        case .object: elements = [found]
        case .null where value != .null: elements = []
        default: throw RecordFault(expected: "a call of a tool, or a list of calls, in \(place)", found: found.summary)
        }
        var calls: [JSONValue] = []
        for element in elements {
            let function = element["function"] ?? element
            guard case .object = function, case .string(let name) = function["name"] else {
                throw RecordFault(expected: "an object with the \"name\" of a tool in \(place)", found: element.summary)
            }
            var call: JSONObject = [:]
            if let id = element["id"], !id.isNull { call.append("id", id) }
            call.append("type", "function")
            call.append("function", ["name": .string(name), "arguments": arguments(of: function)])
            calls.append(.object(call))
        }
        return .array(calls)
    }

    private static func arguments(of function: JSONValue) -> JSONValue {
        let value = function["arguments"] ?? function["parameters"] ?? .object([:])
        guard case .string(let text) = value else { return value }
        if text.allSatisfy(\.isWhitespace) { return .object([:]) }
        guard let parsed = JSONValue(text: text), case .object = parsed else { return value }
        return parsed
    }

    /// What a JSON text says; anything but a text is itself, and an empty text is null.
    private static func parsed(_ value: JSONValue, at place: String) throws(RecordFault) -> JSONValue {
        guard case .string(let text) = value else { return value }
        if text.allSatisfy(\.isWhitespace) { return .null }
        guard let parsed = JSONValue(text: text) else {
            throw RecordFault(expected: "JSON in \(place)", found: value.summary)
        }
        return parsed
    }
}
