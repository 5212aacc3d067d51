/// The chat templates that a model brings along, and the special tokens that they can write.
package struct ModelTemplates: Sendable {
    /// A Jinja text.
    package struct Template: Sendable, Equatable {
        /// `default`, or the name under which the model lists it.
        package let name: String
        /// The text.
        package let text: String
        /// The file or the metadata key that holds it.
        package let origin: String

        /// A template found at `origin`.
        package init(name: String = defaultName, text: String, origin: String) {
            self.name = name
            self.text = text
            self.origin = origin
        }
    }

    /// A named special token, which is a variable of the templates: `bos_token` and the like.
    package struct SpecialToken: Sendable, Equatable {
        /// The variable's name.
        package let name: String
        /// The token's text.
        package let text: String

        /// A variable and its token.
        package init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    /// All templates; empty for a model without any. An empty text is a template too.
    package var templates: [Template] = []
    /// The special tokens that the model names.
    package var specialTokens: [SpecialToken] = []

    /// Names of the special tokens that a template can use.
    static let specialTokenNames = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]
    /// The name of the template for conversations without tools.
    package static let defaultName = "default"
    /// The name of the template for conversations with tools.
    package static let toolUseName = "tool_use"

    /// No templates.
    package init() {}

    /// The template of this name.
    package func named(_ name: String) -> Template? { templates.last { $0.name == name } }

    /// The template that writes conversations: with tools `tool_use` if there is one, else `default`.
    package func template(hasTools: Bool) -> Template? {
        (hasTools ? named(Self.toolUseName) : nil) ?? named(Self.defaultName)
    }
}
