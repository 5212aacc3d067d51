import CatenaFiles

extension PreparedTokens {
    /// Numbers before the offsets.
    private static let countCount = 14

    /// The tokens and counts as bytes, for another process of the same job.
    package func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        let faultText = Array(JSONValue.array(faults.shown.map { .string($0) }).compactText().utf8)
        let notes = Array(JSONValue.object(JSONObject(templateNotes.mapValues { .integer($0) })).compactText().utf8)
        let counts = [
            offsets.count, inputIds.count, readCount, cutCount, droppedCount, faults.count, faultText.count,
            conversationCount, conversationExampleCount, notes.count, marks.count, equalCount, categoryCount,
            Self.contents.firstIndex(of: content) ?? 0,
        ]
        bytes.reserveCapacity(
            8 * (counts.count + offsets.count + marks.count) + 8 * inputIds.count + faultText.count + notes.count)
        for number in counts + offsets { unsafe withUnsafeBytes(of: Int64(number)) { unsafe bytes += $0 } }
        unsafe inputIds.withUnsafeBytes { unsafe bytes += $0 }
        unsafe labels.withUnsafeBytes { unsafe bytes += $0 }
        unsafe marks.withUnsafeBytes { unsafe bytes += $0 }
        return bytes + faultText + notes
    }

    private static let contents: [DataContent] = [.tokens, .categories, .values, .pairs, .images]

    /// What ``bytes()`` of another process gave.
    package init(bytes: [UInt8]) {
        self.init()
        unsafe bytes.withUnsafeBytes { all in
            func numbers(_ range: Range<Int>) -> [Int] {
                range.map { unsafe Int(all.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            }
            func ids(from start: Int, _ count: Int) -> [Int32] {
                (0..<count).map { unsafe all.loadUnaligned(fromByteOffset: start + 4 * $0, as: Int32.self) }
            }
            let counts = numbers(0..<Self.countCount)
            let (offsetCount, tokenCount) = (counts[0], counts[1])
            let start = 8 * (Self.countCount + offsetCount)
            // Images have none.
            let labelCount = Self.contents[counts[13]] == .images ? 0 : tokenCount
            let marksStart = start + 4 * (tokenCount + labelCount)
            let end = marksStart + 8 * counts[10]
            let notesStart = end + counts[6]
            precondition(all.count == notesStart + counts[9], "\(all.count) bytes of \(tokenCount) tokens")
            (readCount, cutCount, droppedCount) = (counts[2], counts[3], counts[4])
            (conversationCount, conversationExampleCount) = (counts[7], counts[8])
            (equalCount, categoryCount, content) = (counts[11], counts[12], Self.contents[counts[13]])
            marks = (0..<counts[10]).map {
                unsafe all.loadUnaligned(fromByteOffset: marksStart + 8 * $0, as: Int64.self)
            }
            offsets = numbers(Self.countCount..<Self.countCount + offsetCount)
            inputIds = ids(from: start, tokenCount)
            labels = ids(from: start + 4 * tokenCount, labelCount)
            let faultText = unsafe UnsafeRawBufferPointer(rebasing: all[end..<notesStart])
            let shown = unsafe (try? JSONValue.parse(faultText, path: "faults"))?.arrayValue ?? []
            faults = DataFaults(shown: shown.compactMap(\.stringValue), count: counts[5])
            let notes = unsafe UnsafeRawBufferPointer(rebasing: all[notesStart...])
            if case .object(let members)? = unsafe try? JSONValue.parse(notes, path: "notes") {
                for (note, count) in members { templateNotes[note] = count.intValue }
            }
        }
    }
}
