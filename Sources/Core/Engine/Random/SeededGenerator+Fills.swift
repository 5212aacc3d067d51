import Foundation

extension SeededGenerator {
    /// Uniform numbers in `[low, high)`; element `i` depends only on the key and on `offset + i`.
    ///
    /// A piece of a tensor is filled like the same piece of the whole when `offset` is where it starts.
    public func fillUniform(
        _ values: UnsafeMutableBufferPointer<Float>, low: Float, high: Float, offset: Int = 0
    ) {
        let width = high - low
        forEachWord(count: values.count, offset: offset) { index, word in
            let value = low + width * Self.unitInterval(word)
            values[index] = value < high ? value : high.nextDown
        }
    }

    /// As ``fillUniform(_:low:high:offset:)``, into an array.
    public func fillUniform(_ values: inout [Float], low: Float, high: Float, offset: Int = 0) {
        values.withUnsafeMutableBufferPointer { fillUniform($0, low: low, high: high, offset: offset) }
    }

    /// Normal numbers (Box-Muller in double precision); element `i` depends only on the key and on `offset + i`.
    public func fillNormal(
        _ values: UnsafeMutableBufferPointer<Float>, mean: Float = 0, standardDeviation: Float = 1, offset: Int = 0
    ) {
        var index = 0
        while index < values.count {
            let position = offset + index
            let words = block(at: UInt64(position >> 2))
            let pair = position & 2 == 0 ? (words.x, words.y) : (words.z, words.w)
            let (radius, angle) = Self.polar(pair.0, pair.1)
            if position & 1 == 0 {
                values[index] = mean + standardDeviation * Float(radius * cos(angle))
                index += 1
                if index == values.count { break }
            }
            values[index] = mean + standardDeviation * Float(radius * sin(angle))
            index += 1
        }
    }

    /// As ``fillNormal(_:mean:standardDeviation:offset:)``, into an array.
    public func fillNormal(
        _ values: inout [Float], mean: Float = 0, standardDeviation: Float = 1, offset: Int = 0
    ) {
        values.withUnsafeMutableBufferPointer {
            fillNormal($0, mean: mean, standardDeviation: standardDeviation, offset: offset)
        }
    }

    /// Normal numbers that are drawn again where they are more than two deviations from 0, as TensorFlow's
    /// `truncated_normal_initializer` does; element `i` depends only on the key and on `offset + i`.
    ///
    /// Their own deviation is 0.88 of the given one.
    public func fillTruncatedNormal(
        _ values: UnsafeMutableBufferPointer<Float>, standardDeviation: Float, offset: Int = 0
    ) {
        for index in values.indices {
            values[index] = standardDeviation * truncatedNormal(element: UInt64(offset + index))
        }
    }

    /// The first of the standard normal numbers of `element` within ±2; each block has four.
    private func truncatedNormal(element: UInt64) -> Float {
        var attempt: UInt64 = 0
        while true {
            let words = block(at: element << 16 | attempt)
            for (radius, angle) in [Self.polar(words.x, words.y), Self.polar(words.z, words.w)] {
                for value in [radius * cos(angle), radius * sin(angle)] where abs(value) <= 2 { return Float(value) }
            }
            attempt += 1
        }
    }

    /// Kaiming-uniform numbers: uniform in ±√(6 / ((1 + a²) · fanIn)).
    ///
    /// With the default a = √5 the bound is 1/√fanIn, which is what PEFT gives a LoRA's A (`[r, inFeatures]`, fan-in =
    /// inFeatures).
    /// - Source: He et al. 2015, *Delving Deep into Rectifiers*; a = √5 as in peft `lora/layer.py`.
    public func fillKaimingUniform(
        _ values: UnsafeMutableBufferPointer<Float>, fanIn: Int, negativeSlope: Float = Float(5).squareRoot(),
        offset: Int = 0
    ) {
        precondition(fanIn > 0, "a fan-in of \(fanIn) has no Kaiming bound")
        let bound = (6 / ((1 + negativeSlope * negativeSlope) * Float(fanIn))).squareRoot()
        fillUniform(values, low: -bound, high: bound, offset: offset)
    }

    /// As ``fillKaimingUniform(_:fanIn:negativeSlope:offset:)``, into an array.
    public func fillKaimingUniform(
        _ values: inout [Float], fanIn: Int, negativeSlope: Float = Float(5).squareRoot(), offset: Int = 0
    ) {
        values.withUnsafeMutableBufferPointer {
            fillKaimingUniform($0, fanIn: fanIn, negativeSlope: negativeSlope, offset: offset)
        }
    }

    /// Radius and angle of the Box-Muller transform.
    @inline(__always)
    private static func polar(_ first: UInt32, _ second: UInt32) -> (radius: Double, angle: Double) {
        ((-2 * log((Double(first) + 0.5) * 0x1p-32)).squareRoot(), 2 * Double.pi * Double(second) * 0x1p-32)
    }

    /// 24 random bits as a number in `[0, 1)`.
    @inline(__always)
    private static func unitInterval(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

    /// Calls `body` with 0..<count and the 32-bit word of each `offset + index`; four elements share a Philox block.
    @inline(__always)
    private func forEachWord(count: Int, offset: Int, _ body: (Int, UInt32) -> Void) {
        var index = 0
        while index < count {
            let position = offset + index
            let words = block(at: UInt64(position >> 2))
            let lane = position & 3
            let last = min(4, lane + count - index)
            for element in lane..<last { body(index + element - lane, words[element]) }
            index += last - lane
        }
    }
}
