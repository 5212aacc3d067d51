/// A conversation as a chat template sees it.
///
/// Messages, tools and documents keep their keys in the file's order and their numbers as written (2 is not 2.0), because
/// a template may print them.
struct Conversation: Sendable {
    /// The turns in their order.
    var messages: [Message]
    /// Descriptions of tools in OpenAI's form; nil where there are none.
    var tools: [OrderedJSON]?
    /// Documents to answer from; nil where there are none.
    var documents: [OrderedJSON]?
    /// Further variables of the template (`chat_template_kwargs`); they win over the special tokens.
    var templateVariables: [(name: String, value: OrderedJSON)] = []

    /// One turn.
    struct Message: Sendable {
        /// The object that the template sees; what says only whether the turn is learned is not in it.
        var fields: [(key: String, value: OrderedJSON)]
        /// Whether the turn is learned; only an assistant's can be.
        var isLearned: Bool

        /// The value of a key that is present.
        subscript(key: String) -> OrderedJSON? { fields.last { $0.key == key }?.value }

        /// Who speaks; empty where the turn does not say.
        var role: String {
            guard case .string(let role) = self["role"] else { return "" }
            return role
        }
    }
}
