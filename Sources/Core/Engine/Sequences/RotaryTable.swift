import Foundation

/// Cosines and sines of the rotary embedding for every position and pair.
///
/// - Source: Su et al. 2021, *RoFormer*, arXiv:2104.09864; the pairing (i, i + d/2) of transformers'
///   `rotate_half`.
public final class RotaryTable {
    private let frequencies: [Double]
    private let memory: TensorMemory
    /// cos(position · frequency), `[positions, headDimension / 2]`.
    private(set) var cosine: Tensor
    /// sin(position · frequency), `[positions, headDimension / 2]`.
    private(set) var sine: Tensor

    /// A table for these angles per position, one for each pair of columns; it grows with the longest sequence seen.
    public init(frequencies: [Double], memory: TensorMemory) {
        self.frequencies = frequencies
        self.memory = memory
        cosine = memory.tensor(rows: 0, columns: frequencies.count)
        sine = cosine
    }

    /// Makes sure that positions below `limit` are there.
    func reserve(_ limit: Int) {
        guard limit > cosine.rows else { return }
        let rows = max(limit, 2 * cosine.rows)
        cosine = memory.tensor(rows: rows, columns: frequencies.count)
        sine = memory.tensor(rows: rows, columns: frequencies.count)
        for position in 0..<rows {
            for (pair, frequency) in frequencies.enumerated() {
                // Angles in float32 as transformers computes them.
                let angle = Float(position) * Float(frequency)
                cosine.pointer[position * frequencies.count + pair] = Float(cos(Double(angle)))
                sine.pointer[position * frequencies.count + pair] = Float(sin(Double(angle)))
            }
        }
    }
}
