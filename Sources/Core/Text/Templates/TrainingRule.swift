import CatenaJinja

/// What is learned from a conversation, and in which texts.
///
/// For the answer k, A is the text of the messages up to it and P the text of those before it with the beginning of an answer,
/// which is what inference shows. Learned is what A has behind P. The cases in which A does not begin with P, and how answers
/// share a text, are in docs/chat-templates.md.
struct TrainingRule {
    private let template: ConversationTemplate
    private let conversation: Conversation
    private let rendering: ConversationRendering
    private var notes: [TrainingNote] = []
    private var tokens: AddedTokenTexts { template.addedTokens }

    /// Begins like no real content.
    private static let otherAnswer = "\u{F8FF} other content"

    /// A text that ends with an answer, and where what is learned of it begins.
    private struct Place {
        let turn: Int
        /// nil where the next place's text begins with it, so that long conversations are kept once.
        var text: [Unicode.Scalar]?
        let count: Int
        let start: Int

        init(turn: Int, text: [Unicode.Scalar], start: Int) {
            self.turn = turn
            self.text = text
            self.start = start
            count = text.count
        }
    }

    private var places: [Place] = []

    init(_ template: ConversationTemplate, _ conversation: Conversation) {
        self.template = template
        self.conversation = conversation
        rendering = ConversationRendering(template, conversation)
    }

    mutating func texts() throws(TemplateError) -> TrainingTexts {
        try findPlaces()
        var examples: [TrainingText] = []
        var open = Array(places.indices)
        while let last = open.last {
            let (turn, text) = (places[last].turn, places[last].text ?? [])
            let blocks = try template.hasGenerationBlocks ? rendering.generations(turn + 1) : nil
            var learned: [LearnedRange] = []
            var kept: [Int] = []
            for index in open {
                guard let end = end(of: index, in: text, of: last) else {
                    kept.append(index)
                    continue
                }
                learned += ranges(places[index], end: end, in: text, blocks: blocks)
            }
            if !learned.isEmpty {
                examples.append(
                    TrainingText(messageCount: turn + 1, text: JinjaText.string(text[...]), learned: learned))
            }
            // What was kept as a beginning of this text stands on its own from here on.
            if let next = kept.last, places[next].text == nil { places[next].text = Array(fullText(next)) }
            open = kept
        }
        return TrainingTexts(examples: examples.reversed(), notes: notes)
    }

    private mutating func findPlaces() throws(TemplateError) {
        let messages = conversation.messages
        for turn in messages.indices where messages[turn].isLearned && messages[turn].role == "assistant" {
            do throws(TemplateError) {
                let place = try place(turn)
                if let before = places.last?.text, place.text?.starts(with: before) == true {
                    places[places.count - 1].text = nil
                }
                places.append(place)
            } catch {
                switch error {
                case .failedBefore, .contextChanges:
                    guard !messages[..<turn].contains(where: { $0.role == "user" }) else { throw error }
                    notes.append(.beforeAnyQuestion(turn: turn))
                default: throw error
                }
            }
        }
    }

    /// Where the text of a place lies: in its own, or in that of a later place.
    private func keeper(_ index: Int) -> Int {
        var keeper = index
        while places[keeper].text == nil, keeper + 1 < places.count { keeper += 1 }
        return keeper
    }

    private func fullText(_ index: Int) -> ArraySlice<Unicode.Scalar> {
        (places[keeper(index)].text ?? []).prefix(places[index].count)
    }

    // MARK: Where an answer begins

    private mutating func place(_ turn: Int) throws(TemplateError) -> Place {
        let text: [Unicode.Scalar]
        do throws(TemplateError) { text = try rendering.text(turn + 1, asksForAnswer: false) } catch {
            throw error.inTraining { .failedUpTo(turn: turn, $0) }
        }
        let prompt: [Unicode.Scalar]
        let before: [Unicode.Scalar]
        do throws(TemplateError) {
            prompt = try rendering.text(turn, asksForAnswer: true)
            if text.starts(with: prompt) { return Place(turn: turn, text: text, start: prompt.count) }
            before = try rendering.text(turn, asksForAnswer: false)
        } catch {
            throw error.inTraining { .failedBefore(turn: turn, $0) }
        }
        let common = tokens.commonBeginning(text, prompt)
        if template.hasGenerationBlocks { return Place(turn: turn, text: text, start: common) }
        let content = try contentStart(turn, text)
        let promptStart = tokens.commonBeginning(prompt, before)
        guard common >= promptStart else { return try behindPrompt(turn, text, prompt, content) }
        let start = max(common, content ?? 0)
        notes.append(
            .promptDiffers(
                turn: turn, promptEnds: JinjaText.string(prompt[promptStart...]),
                textHas: JinjaText.string(text[min(promptStart, start)..<start])))
        return Place(turn: turn, text: text, start: start)
    }

    /// Where the answer's content begins, or before: the text agrees so far with that of another answer.
    private func contentStart(_ turn: Int, _ text: [Unicode.Scalar]) throws(TemplateError) -> Int? {
        do throws(TemplateError) {
            return tokens.commonBeginning(text, try rendering.text(turn, answer: Self.otherAnswer))
        } catch {
            guard case .failed = error else { throw error }
            return nil
        }
    }

    /// The text before the answer changes once the answer is there; inference shows the prompt, so the answer is set behind it.
    private mutating func behindPrompt(
        _ turn: Int, _ text: [Unicode.Scalar], _ prompt: [Unicode.Scalar], _ content: Int?
    ) throws(TemplateError) -> Place {
        guard let content, let tail = tokens.fromLastToken(prompt),
            let place = JinjaText(text).lastPlace(of: Array(tail), before: content)
        else { throw .contextChanges(turn: turn) }
        notes.append(.setBehindPrompt(turn: turn))
        return Place(turn: turn, text: prompt + text[(place + tail.count)...], start: prompt.count)
    }

    // MARK: What of a text is learned

    /// Where the answer of a place ends in `text`, which is that of the place `last`; nil where it has not the answer's context.
    private mutating func end(of index: Int, in text: [Unicode.Scalar], of last: Int) -> Int? {
        let place = places[index]
        if keeper(index) == last { return place.count }
        let own = Array(fullText(index))
        if text.starts(with: own) { return place.count }
        let end = tokens.commonBeginning(own, text)
        guard end > place.start else { return nil }
        let tail = own[end...]
        guard tokens.removed(from: tail).allSatisfy(JinjaText.isSpace) else { return nil }
        notes.append(.endOfConversationLeftOut(turn: place.turn, tail: JinjaText.string(tail)))
        return end
    }

    private mutating func ranges(_ place: Place, end: Int, in text: [Unicode.Scalar], blocks: [Range<Int>]?)
        -> [LearnedRange]
    {
        if let blocks {
            return blocks.compactMap { block in
                let (from, to) = (max(block.lowerBound, place.start), min(block.upperBound, end))
                return from < to ? LearnedRange(turn: place.turn, start: from, end: to, endOfTurn: to) : nil
            }
        }
        guard place.start <= end else { return [] }
        var stop = learnedEnd(text, place.start, end)
        if !tokens.endsToken(text[place.start..<stop]) {
            if let follows = template.stopTokens.first(where: { text[end...].starts(with: $0) }), !follows.isEmpty {
                stop = end + follows.count
            } else if !notes.contains(.noEnd(turn: place.turn)) {
                notes.append(.noEnd(turn: place.turn))
            }
        }
        guard place.start < stop else { return [] }
        return [LearnedRange(turn: place.turn, start: place.start, end: stop, endOfTurn: end)]
    }

    /// Without the white space behind the token that ends the turn: the model stops there, the template writes the rest.
    private func learnedEnd(_ text: [Unicode.Scalar], _ start: Int, _ end: Int) -> Int {
        var stop = end
        while stop > start, JinjaText.isSpace(text[stop - 1]) { stop -= 1 }
        return tokens.endsToken(text[start..<stop]) ? stop : end
    }
}

extension TemplateError {
    /// The same with the answer that it concerns.
    fileprivate func inTraining(_ name: (JinjaError) -> TemplateError) -> TemplateError {
        guard case .failed(let error) = self else { return self }
        return name(error)
    }
}
