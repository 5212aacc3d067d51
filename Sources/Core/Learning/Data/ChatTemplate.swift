import CatenaFiles
import CatenaJinja
import CatenaText
import Foundation

/// How examples become text: the model's own chat template, one in a file, or a built-in one.
///
/// Conversations are written by the Jinja template, exactly as Hugging Face's `apply_chat_template` does. Prompts and completions
/// become conversations too where there is a template, and are joined as they are where there is none.
package struct ChatTemplate: Sendable {
    /// Where the template comes from.
    package enum Source: Sendable, Equatable {
        /// The model's own.
        case model
        /// A file that was asked for.
        case file(String)
        /// One that was asked for by name.
        case builtIn(BuiltInTemplate)
        /// The model has none and none was asked for: there are no conversations.
        case none
    }

    /// Where the template comes from.
    package let source: Source
    /// What was chosen, in one or more sentences.
    package let choice: String
    /// The token that begins a text and a joined prompt; nil where the tokenizer adds none.
    let beginningOfSequence: EndToken?
    /// The token that ends a text and a joined answer; nil if the tokenizer names none.
    let endOfSequence: EndToken?
    /// Equal for templates that write alike; part of the prepared data's key.
    let fingerprintText: String
    private let withoutTools: Slot
    private let withTools: Slot

    /// A special token.
    struct EndToken: Sendable, Equatable {
        let text: String
        let id: Int32
    }

    /// A template, or why conversations cannot be written.
    private enum Slot: Sendable {
        case ready(ConversationTemplate)
        case unusable(expected: String, found: String)
    }

    /// `auto` and the names of the built-in templates.
    package static let knownNames = ["auto"] + BuiltInTemplate.allCases.map(\.rawValue)

    /// Whether `name` is `auto`, the name of a built-in template or the path of a `.jinja` file, which need not exist.
    package static func isTemplateName(_ name: String) -> Bool { knownNames.contains(name) || name.hasSuffix(".jinja") }

    /// The template that `name` means for a model with this tokenizer.
    ///
    /// - Parameters:
    ///   - name: `auto` is the model's own template, or none; a name of ``BuiltInTemplate``; or the path of a `.jinja` file.
    ///   - date: what `strftime_now` of a template tells.
    /// - Throws: ``DataError`` for an unknown name and a file that cannot be read. What is wrong with a template is told when a
    ///   conversation is to be written with it.
    package init(
        named name: String, tokenizer: any TextTokenizer, date: TemplateDate = .standard
    ) throws(DataError) {
        func token(_ id: Int32?) -> EndToken? {
            id.flatMap { id in tokenizer.token(of: id).map { EndToken(text: $0, id: id) } }
        }
        beginningOfSequence = tokenizer.addsBeginningOfSequence ? token(tokenizer.beginningOfSequenceId) : nil
        endOfSequence = token(tokenizer.endOfSequenceIds.first)
        let own = tokenizer.templates
        var texts: [String] = []
        func slot(_ text: String, _ specialTokens: [ModelTemplates.SpecialToken]) -> Slot {
            texts += [text] + specialTokens.map { "\($0.name)=\($0.text)" }
            do throws(TemplateError) {
                return .ready(
                    try ConversationTemplate(
                        source: text, specialTokens: specialTokens.map { ($0.name, $0.text) },
                        addedTokens: tokenizer.addedTokens,
                        stopTokens: tokenizer.endOfSequenceIds.compactMap { tokenizer.token(of: $0) },
                        now: JinjaDate(year: date.year, month: date.month, day: date.day)))
            } catch {
                return .unusable(expected: "a chat template that can be read", found: "that \(error)")
            }
        }
        if let builtIn = BuiltInTemplate(rawValue: name) {
            let (tokens, note) = Self.tokens(of: builtIn, tokenizer: tokenizer)
            source = .builtIn(builtIn)
            withoutTools = slot(builtIn.text, tokens)
            withTools = withoutTools
            choice =
                "Chat template: \(name), built in." + note
                + (own.templates.isEmpty ? "" : " The model's own is not used.")
        } else if name.hasSuffix(".jinja") {
            source = .file(name)
            withoutTools = slot(try Self.contents(of: name), own.specialTokens)
            withTools = withoutTools
            choice = "Chat template: \(name)."
        } else if name != "auto" {
            throw .unknownTemplate(name, known: Self.knownNames + ["the path of a .jinja file"])
        } else if own.templates.isEmpty {
            source = .none
            withoutTools = .unusable(
                expected: "a chat template to write a conversation with",
                found: "none in the model; choose one by data.template: "
                    + BuiltInTemplate.allCases.map(\.rawValue).joined(separator: ", ") + " or the path of a .jinja file"
            )
            withTools = withoutTools
            choice = "The model has no chat template: prompts and answers are joined as they are."
        } else {
            source = .model
            func modelSlot(hasTools: Bool) -> Slot {
                guard let template = own.template(hasTools: hasTools) else {
                    return .unusable(
                        expected: "a chat template named default",
                        found: "only " + own.templates.map(\.name).sorted().joined(separator: ", "))
                }
                return slot(template.text, own.specialTokens)
            }
            withoutTools = modelSlot(hasTools: false)
            withTools = modelSlot(hasTools: true)
            let files = [false, true].compactMap { own.template(hasTools: $0)?.origin }
            choice =
                "Chat template: the model's own (\(files.first ?? "none")"
                + (Set(files).count > 1 ? "; with tools: \(files[1])" : "") + ")."
        }
        let readsDate = texts.contains { $0.contains("strftime_now") }
        let day = readsDate ? ["date=\(date)"] : []
        let ends =
            [beginningOfSequence, endOfSequence].map { $0?.text ?? "" } + tokenizer.endOfSequenceIds.map { "\($0)" }
        fingerprintText = ([Self.kind(source)] + texts + day + ends).map { "\($0.utf8.count):\($0)" }.joined()
    }

    private static func kind(_ source: Source) -> String {
        switch source {
        case .model, .file: "template"
        case .builtIn(let style): style.rawValue
        case .none: "none"
        }
    }

    /// The values of a built-in template's variables, and what is to be said about them.
    private static func tokens(
        of style: BuiltInTemplate, tokenizer: any TextTokenizer
    ) -> (tokens: [ModelTemplates.SpecialToken], note: String) {
        let writesBeginning =
            switch style {
            case .llama2, .llama3: true
            case .chatml, .alpaca, .plain: tokenizer.addsBeginningOfSequence
            }
        let beginning = writesBeginning ? tokenizer.beginningOfSequenceId.flatMap { tokenizer.token(of: $0) } : nil
        let end = tokenizer.endOfSequenceIds.first.flatMap { tokenizer.token(of: $0) }
        var ending = style.ending
        var note = ""
        if let marker = ending, tokenizer.id(of: marker) == nil {
            ending = nil
            if let end { note = " The vocabulary has no \(marker); answers end with \(end)." }
        }
        if ending == nil, end == nil {
            note = " The tokenizer names no end-of-sequence token; answers are learned without an end."
        }
        return ([.init("beginning", beginning ?? ""), .init("ending", ending ?? end ?? "")], note)
    }

    private static func contents(of path: String) throws(DataError) -> String {
        func refused(_ why: String) -> DataError {
            .invalidSetting(name: "data.template", value: path, expected: "a chat template's file, but \(why)")
        }
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try InputFile.contents(of: path, limit: .template)
        } catch {
            throw refused("\(error)".trimmingCharacters(in: ["."]))
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw refused("it is not UTF-8") }
        return text
    }

    /// The template that writes `conversation`.
    func template(for conversation: Conversation) throws(TemplateMismatch) -> ConversationTemplate {
        if case .builtIn(let style) = source { try style.requireWritable(conversation) }
        switch conversation.tools == nil ? withoutTools : withTools {
        case .ready(let template): return template
        case .unusable(let expected, let found): throw TemplateMismatch(expected: expected, found: found)
        }
    }
}
