/// Encodes texts, and prompts with answers, that no template writes.
///
///     beginning of sequence, text, end of sequence          all learned but the first
///     beginning of sequence, prompt | answer, end           the answer and the end learned
///
/// A text that already carries the beginning or an end of sequence does not get another one.
struct TextJoining: Sendable {
    private let tokenizer: any TextTokenizer
    private let beginning: ChatTemplate.EndToken?
    private let end: ChatTemplate.EndToken?
    private let ends: [String]
    private let addedTokens: Set<String>
    /// Whether the tokenizer puts a space before a text, which must not happen inside an example.
    private let addsPrefixSpace: Bool

    init(tokenizer: any TextTokenizer, template: ChatTemplate) {
        self.tokenizer = tokenizer
        beginning = template.beginningOfSequence
        end = template.endOfSequence
        ends = tokenizer.endOfSequenceIds.compactMap { tokenizer.token(of: $0) }.filter { !$0.isEmpty }
        addedTokens = Set(tokenizer.addedTokens)
        addsPrefixSpace = tokenizer.encode("\na") != tokenizer.encode("\n") + tokenizer.encode("a")
    }

    /// A text that is learned whole.
    func text(_ text: String) -> (runs: [TextRun], example: EncodedExample) {
        let given = tokenizer.encode(text)
        var runs = [TextRun(text, isLearned: true)]
        var example = EncodedExample(inputIds: given, labels: given)
        if let beginning, given.first != beginning.id {
            runs.insert(TextRun(beginning.text), at: 0)
            example.inputIds.insert(beginning.id, at: 0)
            example.labels.insert(EncodedExample.ignored, at: 0)
        }
        appendEnd(to: &runs, &example)
        return (runs, example)
    }

    /// A prompt and its answer.
    func joined(prompt: String, answer: String) -> (runs: [TextRun], example: EncodedExample) {
        let (text, ids) = self.prompt(prompt)
        let answerIds = prompt.isEmpty ? tokenizer.encode(answer) : continuation(answer, after: text, ids.last)
        var example = EncodedExample(
            inputIds: ids + answerIds,
            labels: Array(repeating: EncodedExample.ignored, count: ids.count) + answerIds)
        var runs = [TextRun(text), TextRun(answer, isLearned: true)].filter { !$0.text.isEmpty }
        appendEnd(to: &runs, &example)
        return (runs, example)
    }

    /// A prompt without its answer.
    func prompt(_ prompt: String) -> (text: String, ids: [Int32]) {
        let ids = tokenizer.encode(prompt)
        guard let beginning, ids.first != beginning.id else { return (prompt, ids) }
        return (beginning.text + prompt, [beginning.id] + ids)
    }

    /// Adds the end, as a part of the learned text.
    private func appendEnd(to runs: inout [TextRun], _ example: inout EncodedExample) {
        guard let end, let text = runs.last?.text else { return }
        let written = text.lastIndex { !$0.isWhitespace }.map { text[...$0] } ?? ""
        guard !ends.contains(where: { written.hasSuffix($0) }) else { return }
        runs[runs.count - 1].text += end.text
        example.inputIds.append(end.id)
        example.labels.append(end.id)
    }

    /// The tokens of a text that goes on after other text: without the space that some tokenizers put first. After an added token
    /// they are as they are in a whole text, where the space depends on the tokenizer.
    private func continuation(_ text: String, after prompt: String, _ last: Int32?) -> [Int32] {
        guard addsPrefixSpace else { return tokenizer.encode(text) }
        var before = "\n"
        if let last, let token = tokenizer.token(of: last), addedTokens.contains(token), prompt.hasSuffix(token) {
            before = token
        }
        let anchor = tokenizer.encode(before)
        let ids = tokenizer.encode(before + text)
        return ids.starts(with: anchor) ? Array(ids.dropFirst(anchor.count)) : tokenizer.encode(text)
    }
}
