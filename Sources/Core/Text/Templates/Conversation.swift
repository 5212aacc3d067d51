package import CatenaFiles

/// A conversation as a chat template sees it.
///
/// Messages, tools and documents keep their keys in the file's order and their numbers as written (2 is not 2.0), because
/// a template may print them.
package struct Conversation: Sendable, Equatable {
    /// The turns in their order.
    package var messages: [Message]
    /// Descriptions of tools in OpenAI's form; nil where there are none.
    package var tools: [JSONValue]?
    /// Documents to answer from; nil where there are none.
    package var documents: [JSONValue]?
    /// Further variables of the template (`chat_template_kwargs`); they win over the special tokens.
    package var templateVariables: JSONObject = [:]

    /// One turn.
    package struct Message: Sendable, Equatable {
        /// The object that the template sees; what says only whether the turn is learned is not in it.
        package var fields: JSONObject
        /// Whether the turn is learned; only an assistant's can be.
        package var isLearned: Bool

        /// The turn with these fields.
        package init(fields: JSONObject, isLearned: Bool) {
            self.fields = fields
            self.isLearned = isLearned
        }

        /// `{"role", "content"}`; an assistant's turn is learned unless said otherwise.
        package init(_ role: String, _ content: String, isLearned: Bool = true) {
            fields = ["role": .string(role), "content": .string(content)]
            self.isLearned = isLearned && role == "assistant"
        }

        /// The value of a key that is present.
        package subscript(key: String) -> JSONValue? { fields[key] }

        /// Who speaks; empty where the turn does not say.
        package var role: String {
            guard case .string(let role) = self["role"] else { return "" }
            return role
        }

        /// What is said; nil where it is no text.
        package var content: String? {
            guard case .string(let content) = self["content"] else { return nil }
            return content
        }
    }

    /// A conversation of these parts.
    package init(
        messages: [Message], tools: [JSONValue]? = nil, documents: [JSONValue]? = nil,
        templateVariables: JSONObject = [:]
    ) {
        self.messages = messages
        self.tools = tools
        self.documents = documents
        self.templateVariables = templateVariables
    }
}
