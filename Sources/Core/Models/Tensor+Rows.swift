import CatenaEngine

extension Tensor {
    /// The rows `rows` one after the other.
    func gathered(_ rows: [Int], _ memory: TensorMemory) -> Tensor {
        let result = memory.activation(rows: rows.count, columns: columns)
        for (index, row) in rows.enumerated() {
            result.rows(index..<index + 1).copy(from: self.rows(row..<row + 1))
        }
        return result
    }

    /// Puts these rows where ``gathered(_:_:)`` took them.
    func scatter(_ rows: [Int], into destination: Tensor) {
        for (index, row) in rows.enumerated() {
            destination.rows(row..<row + 1).copy(from: self.rows(index..<index + 1))
        }
    }
}
