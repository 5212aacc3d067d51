extension PreparedTokens {
    /// The tokens and counts as bytes, for another process of the same job.
    public func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * (5 + offsets.count) + 8 * inputIds.count)
        let counts = [offsets.count, inputIds.count, readCount, cutCount, droppedCount]
        for number in counts + offsets { withUnsafeBytes(of: Int64(number)) { bytes += $0 } }
        inputIds.withUnsafeBytes { bytes += $0 }
        labels.withUnsafeBytes { bytes += $0 }
        return bytes
    }

    /// What ``bytes()`` of another process gave.
    public init(bytes: [UInt8]) {
        self.init()
        bytes.withUnsafeBytes { all in
            func numbers(_ range: Range<Int>) -> [Int] {
                range.map { Int(all.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self)) }
            }
            func ids(from start: Int, _ count: Int) -> [Int32] {
                (0..<count).map { all.loadUnaligned(fromByteOffset: start + 4 * $0, as: Int32.self) }
            }
            let counts = numbers(0..<5)
            let (offsetCount, tokenCount) = (counts[0], counts[1])
            let start = 8 * (5 + offsetCount)
            precondition(all.count == start + 8 * tokenCount, "\(all.count) bytes of \(tokenCount) tokens")
            (readCount, cutCount, droppedCount) = (counts[2], counts[3], counts[4])
            offsets = numbers(5..<5 + offsetCount)
            inputIds = ids(from: start, tokenCount)
            labels = ids(from: start + 4 * tokenCount, tokenCount)
        }
    }
}
