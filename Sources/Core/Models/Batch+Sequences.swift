import CatenaEngine

extension Batch {
    /// Sequences of token ids, each of at least two tokens, in which every token but the first is a target.
    public init(sequences: [[Int32]]) {
        self.init()
        for (index, ids) in sequences.enumerated() where ids.count > 1 {
            inputIds += ids.dropLast()
            targets += ids.dropFirst()
            layout.append(ids.count - 1)
            exampleIndices.append(index)
        }
        supervisedCount = targets.count
    }
}
