import CatenaFiles
import CatenaJinja
import CatenaText
import Foundation
import Testing

/// One file of Tests/Fixtures/chat-templates, or of ../shared/fixtures/chat-templates where that is there.
struct ChatTemplateFixture: CustomTestStringConvertible, Sendable {
    let path: String
    var testDescription: String { URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let committed = templates(in: root + "/Tests/Fixtures/chat-templates")
    static let shared = templates(in: root + "/../shared/fixtures/chat-templates")
    /// The clock of all fixtures.
    static let now = JinjaDate(year: 2025, month: 3, day: 9, hour: 14, minute: 5, second: 6)

    private static func templates(in folder: String) -> [ChatTemplateFixture] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            .filter { $0.hasSuffix(".json") && $0 != "snippets.json" && $0 != "sources.json" }
            .map { ChatTemplateFixture(path: folder + "/" + $0) }
    }

    static func json(_ name: String) throws -> JSONValue {
        try read(root + "/Tests/Fixtures/chat-templates/" + name)
    }

    static func read(_ path: String) throws -> JSONValue {
        try JSONValue.parse([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
    }

    static func snippetGroups() throws -> [String] {
        var groups: [String] = []
        for snippet in elements(try json("snippets.json")["snippets"]) {
            if let group = text(snippet["group"]), !groups.contains(group) { groups.append(group) }
        }
        return groups
    }

    static func elements(_ json: JSONValue?) -> [JSONValue] {
        if case .array(let elements)? = json { return elements }
        return []
    }

    static func members(_ json: JSONValue?) -> JSONObject {
        json?.objectValue ?? [:]
    }

    static func text(_ json: JSONValue?) -> String? {
        if case .string(let text)? = json { return text }
        return nil
    }

    static func integer(_ json: JSONValue?) -> Int? {
        if case .integer(let number)? = json { return number }
        return nil
    }

    /// The template of a file.
    static func template(_ file: JSONValue) throws -> ConversationTemplate {
        try ConversationTemplate(
            source: text(file["chat_template"]) ?? "",
            specialTokens: members(file["special_tokens"]).map { (name: $0.key, text: text($0.value) ?? "") },
            addedTokens: elements(file["added_tokens"]).compactMap { text($0) },
            stopTokens: elements(file["stop_tokens"]).compactMap { text($0) }, now: now)
    }

    /// The conversation of a case.
    static func conversation(_ given: JSONValue) -> Conversation {
        let learned = given["learn"].map { elements($0).compactMap { integer($0) } }
        var conversation = Conversation(
            messages: elements(given["messages"]).enumerated().map { turn, message in
                Conversation.Message(fields: members(message), isLearned: learned?.contains(turn) ?? true)
            })
        if case .array(let tools)? = given["tools"] { conversation.tools = tools }
        if case .array(let documents)? = given["documents"] { conversation.documents = documents }
        conversation.templateVariables = members(given["kwargs"])
        return conversation
    }
}
