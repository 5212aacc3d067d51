import CatenaFiles
import CatenaJinja
import CatenaText
import Foundation
import Testing

/// Small templates as transformers renders them.
@Suite("Small templates become transformers' text")
struct JinjaSnippetTests {
    /// What differs on purpose.
    static let refused: Set<String> = [
        // The same conversation has to become the same text each time.
        "{{ [1, 2] | random in [1, 2] }}"
    ]

    @Test("all of them, but for those refused by name", arguments: try ChatTemplateFixture.snippetGroups())
    func snippets(_ group: String) throws {
        let file = try ChatTemplateFixture.json("snippets.json")
        let variables = ChatTemplateFixture.members(file["variables"])
        var count = 0
        for snippet in ChatTemplateFixture.elements(file["snippets"])
        where ChatTemplateFixture.text(snippet["group"]) == group {
            let source = try #require(ChatTemplateFixture.text(snippet["template"]))
            let given = variables.merging(ChatTemplateFixture.members(snippet["context"]))
            let result = Result { () throws(JinjaError) -> String in
                let template = try JinjaTemplate(source)
                return try template.render(
                    given.map { (name: $0.key, value: JinjaValue($0.value)) }, now: { ChatTemplateFixture.now }
                ).text
            }
            count += 1
            switch result {
            case .success(let text):
                let expected = ChatTemplateFixture.text(snippet["text"])
                #expect(expected.map { Array($0.unicodeScalars) } == Array(text.unicodeScalars), "\(source)")
            case .failure(let error):
                if Self.refused.contains(source) {
                    guard case .unsupported = error else { throw error }
                    continue
                }
                let kind = ChatTemplateFixture.text(snippet["error"]?["kind"])
                #expect(kind != nil, "\(source): \(error)")
                guard kind == "raised" else { continue }
                guard case .raised(let message, _) = error else { throw error }
                #expect(message == ChatTemplateFixture.text(snippet["error"]?["message"]), "\(source)")
            }
        }
        #expect(count > 0)
    }

    @Test("an error names the line of the template")
    func lines() throws {
        #expect(throws: JinjaError.syntax("No filter named 'nothing'.", line: 3)) {
            _ = try JinjaTemplate("a\n\n{{ 1 | nothing }}")
        }
        let template = try JinjaTemplate("{% for x in [1] %}\n{{ raise_exception('stop') }}\n{% endfor %}")
        #expect(throws: JinjaError.raised("stop", line: 2)) {
            _ = try template.render([], now: { ChatTemplateFixture.now })
        }
    }
}
