/// The chat templates that a model brings along, and the special tokens that they can write.
public struct ModelTemplates: Sendable {
    /// A Jinja text.
    public struct Template: Sendable, Equatable {
        /// `default`, or the name under which the model lists it.
        public let name: String
        /// The text.
        public let text: String
        /// The file or the metadata key that holds it.
        public let origin: String

        /// A template found at `origin`.
        public init(name: String = defaultName, text: String, origin: String) {
            self.name = name
            self.text = text
            self.origin = origin
        }
    }

    /// A named special token, which is a variable of the templates: `bos_token` and the like.
    public struct SpecialToken: Sendable, Equatable {
        /// The variable's name.
        public let name: String
        /// The token's text.
        public let text: String

        /// A variable and its token.
        public init(_ name: String, _ text: String) {
            self.name = name
            self.text = text
        }
    }

    /// All templates; empty for a model without any. An empty text is a template too.
    public var templates: [Template] = []
    /// The special tokens that the model names.
    public var specialTokens: [SpecialToken] = []

    /// Names of the special tokens that a template can use.
    static let specialTokenNames = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]
    /// The name of the template for conversations without tools.
    public static let defaultName = "default"
    /// The name of the template for conversations with tools.
    public static let toolUseName = "tool_use"

    /// No templates.
    public init() {}

    /// The template of this name.
    public func named(_ name: String) -> Template? { templates.last { $0.name == name } }

    /// The template that writes conversations: with tools `tool_use` if there is one, else `default`.
    public func template(hasTools: Bool) -> Template? {
        (hasTools ? named(Self.toolUseName) : nil) ?? named(Self.defaultName)
    }
}
