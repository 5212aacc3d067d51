import CatenaEngine
import Foundation

extension Naive {
    /// Attention of float64 inputs, every score in memory. Rows of q, k, v, out as `shape` lays them out.
    static func attention(
        q: [Double], k: [Double], v: [Double], segmentStarts: [Int], shape: AttentionShape
    ) -> [Double] {
        let d = shape.headDimension
        let group = shape.queryHeads / shape.keyValueHeads
        let tokens = segmentStarts[segmentStarts.count - 1]
        var out = [Double](repeating: 0, count: tokens * shape.outputLeadingDimension)
        for segment in 0..<segmentStarts.count - 1 {
            for query in segmentStarts[segment]..<segmentStarts[segment + 1] {
                for head in 0..<shape.queryHeads {
                    let first = max(segmentStarts[segment], shape.slidingWindow.map { query - $0 + 1 } ?? 0)
                    let last = shape.isBidirectional ? segmentStarts[segment + 1] - 1 : query
                    let scores = (first...last).map { key in
                        (0..<d).reduce(0.0) { sum, i in
                            sum + q[query * shape.queryLeadingDimension + head * d + i]
                                * k[key * shape.keyLeadingDimension + head / group * d + i]
                        } * Double(shape.scale)
                    }
                    let top = scores.max() ?? 0
                    let weights = scores.map { exp($0 - top) }
                    let total = weights.reduce(0, +)
                    for (offset, weight) in weights.enumerated() {
                        for i in 0..<d {
                            out[query * shape.outputLeadingDimension + head * d + i] +=
                                weight / total
                                * v[(first + offset) * shape.valueLeadingDimension + head / group * d + i]
                        }
                    }
                }
            }
        }
        return out
    }
}
