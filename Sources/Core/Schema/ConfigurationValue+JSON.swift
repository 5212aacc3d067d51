package import CatenaFiles

extension ConfigurationValue {
    /// The same as JSON.
    package var jsonValue: JSONValue {
        switch self {
        case .boolean(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .shortest(value)
        case .text(let value): .string(value)
        case .list(let values): .array(values.map(\.jsonValue))
        case .section(let entries):
            .object(JSONObject(entries.map { ($0.key, $0.value.jsonValue) }))
        }
    }
}
