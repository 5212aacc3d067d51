import CatenaFiles

extension Tokenizer {
    /// Writes `tokenizer.json`, `tokenizer_config.json` and `generation_config.json`, which Catena and Hugging Face read.
    ///
    /// The written tokenizer is read back and compared: every token's text alone, doubled and with others, and runs of
    /// one character, must give the same ids.
    ///
    /// - Throws: ``TokenizerError/notRepresentable(reason:)`` for a tokenizer that has no exact form there, which leaves
    ///   no file behind; ``FileError`` if the folder cannot be written.
    package func writeHuggingFaceFiles(to folder: String) throws {
        let export = TokenizerExport(parts: parts)
        let document: JSONValue
        do throws(TokenizerExport.Refusal) {
            document = try export.tokenizerJSON()
        } catch {
            throw TokenizerError.notRepresentable(reason: error.reason)
        }
        let text = document.text(.ordered)
        try requireEqual(try Self.read(text))
        try DurableFile.write(Array(text.utf8), to: folder + "/tokenizer.json")
        try DurableFile.write(
            Array(export.configurationJSON().text(.ordered).utf8), to: folder + "/tokenizer_config.json")
        try DurableFile.write(
            Array(export.generationJSON().text(.ordered).utf8), to: folder + "/generation_config.json")
    }

    private static func read(_ text: String) throws -> Tokenizer {
        do {
            let root = TokenizerField(try JSONValue.parse(Array(text.utf8)), path: "tokenizer.json")
            return Tokenizer(parts: try TokenizerJSON.parts(root))
        } catch let error as JSONSyntaxError {
            throw TokenizerError.notRepresentable(reason: error.reason)
        }
    }

    private func requireEqual(_ other: Tokenizer) throws(TokenizerError) {
        var different = 0
        var checked = 0
        func check(_ text: String) {
            checked += 1
            if encode(text) != other.encode(text) { different += 1 }
        }
        let count = Int32(vocabularySize)
        for id in 0..<count {
            check(decode([id]))
            check(decode([id, id]))
            check(decode([id, (id &* 31 &+ 7) % count, (id &* 17 &+ 3) % count]))
        }
        for character in [" ", "\n", "\t", "a", "0", "=", "-", ".", "\u{2581}", "é", "😀"] {
            for length in 2...70 { check(String(repeating: character, count: length)) }
        }
        guard different == 0 else {
            throw .notRepresentable(
                reason:
                    "\(different) of \(checked) test strings would become other tokens: the scores leave an order of "
                    + "merges open that ranked merges cannot")
        }
    }
}
