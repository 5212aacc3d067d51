import CKernels

/// The layout of one attention layer. Row t of queries, keys, values and outputs starts at t times its leading dimension;
/// head h starts h headDimension further. Query head h uses key-value head h / (queryHeads / keyValueHeads).
public struct AttentionShape: Sendable, Equatable {
    /// H.
    public var queryHeads: Int
    /// Key and value heads, a divisor of `queryHeads`.
    public var keyValueHeads: Int
    /// d, the width of one head.
    public var headDimension: Int
    /// Elements between two rows of q.
    public var queryLeadingDimension: Int
    /// Elements between two rows of k.
    public var keyLeadingDimension: Int
    /// Elements between two rows of v.
    public var valueLeadingDimension: Int
    /// Elements between two rows of the output.
    public var outputLeadingDimension: Int
    /// Multiplies the scores, usually 1 / sqrt(headDimension).
    public var scale: Float
    /// When given, position p sees the keys p - slidingWindow + 1 ... p of its segment only.
    public var slidingWindow: Int?
    /// When given, a scaled score z becomes softCap tanh(z / softCap).
    public var softCap: Float?
    /// Whether a position sees all keys of its segment and not only those up to its own; there is no window then.
    public var isBidirectional = false

    /// All fields.
    public init(
        queryHeads: Int, keyValueHeads: Int, headDimension: Int, queryLeadingDimension: Int, keyLeadingDimension: Int,
        valueLeadingDimension: Int, outputLeadingDimension: Int, scale: Float, slidingWindow: Int? = nil
    ) {
        precondition(
            keyValueHeads > 0 && queryHeads % keyValueHeads == 0,
            "\(queryHeads) query heads cannot share \(keyValueHeads) key-value heads")
        self.queryHeads = queryHeads
        self.keyValueHeads = keyValueHeads
        self.headDimension = headDimension
        self.queryLeadingDimension = queryLeadingDimension
        self.keyLeadingDimension = keyLeadingDimension
        self.valueLeadingDimension = valueLeadingDimension
        self.outputLeadingDimension = outputLeadingDimension
        self.scale = scale
        self.slidingWindow = slidingWindow
    }

    /// Queries, keys, values and outputs each in a matrix of their own; scores are divided by √d unless `scale` is given.
    public init(
        queryHeads: Int, keyValueHeads: Int, headDimension: Int, scale: Float? = nil, slidingWindow: Int? = nil,
        softCap: Float? = nil
    ) {
        let (queryWidth, keyValueWidth) = (queryHeads * headDimension, keyValueHeads * headDimension)
        self.init(
            queryHeads: queryHeads, keyValueHeads: keyValueHeads, headDimension: headDimension,
            queryLeadingDimension: queryWidth, keyLeadingDimension: keyValueWidth,
            valueLeadingDimension: keyValueWidth, outputLeadingDimension: queryWidth,
            scale: scale ?? 1 / Float(headDimension).squareRoot(), slidingWindow: slidingWindow)
        self.softCap = softCap
    }

    /// Columns of the queries and of the output.
    public var queryWidth: Int { queryHeads * headDimension }
    /// Columns of the keys, and of the values.
    public var keyValueWidth: Int { keyValueHeads * headDimension }

    /// The same heads where a row has its queries, keys and values side by side.
    var fused: AttentionShape {
        var shape = self
        let width = queryWidth + 2 * keyValueWidth
        (shape.queryLeadingDimension, shape.keyLeadingDimension, shape.valueLeadingDimension) = (width, width, width)
        return shape
    }

    var kernelShape: ck_attention_shape {
        precondition(!isBidirectional || slidingWindow == nil, "attention in both directions has no window")
        return ck_attention_shape(
            query_heads: Int64(queryHeads), key_value_heads: Int64(keyValueHeads), head_dimension: Int64(headDimension),
            ld_query: Int64(queryLeadingDimension), ld_key: Int64(keyLeadingDimension),
            ld_value: Int64(valueLeadingDimension), ld_output: Int64(outputLeadingDimension), scale: scale,
            sliding_window: Int64(slidingWindow ?? 0), both_directions: isBidirectional, soft_cap: softCap ?? 0)
    }
}

/// One sequence of a generation step: where its new queries are, and its cache with the new keys and values appended.
public struct DecodeSequence {
    /// First row of this sequence among the queries, and the number of its rows.
    public var queryStart: Int
    /// How many new queries there are.
    public var queryCount: Int
    /// Rows of keyValueHeads headDimension, the shape's key and value leading dimensions apart.
    public var keys: UnsafePointer<Float>
    /// Cached values, laid out like the keys.
    public var values: UnsafePointer<Float>
    /// Valid rows, those of the new tokens included.
    public var keyCount: Int

    /// All fields.
    public init(
        queryStart: Int, queryCount: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, keyCount: Int
    ) {
        self.queryStart = queryStart
        self.queryCount = queryCount
        self.keys = keys
        self.values = values
        self.keyCount = keyCount
    }
}

/// Attention in tiles, never holding more of the score matrix than one tile for each thread.
///
/// Source: Dao et al., "FlashAttention", 2022 (online softmax; the backward pass recomputes the tiles).
public enum Attention {
    /// out = softmax(scale q k^T) v inside each segment, causal unless the shape says otherwise, with nothing between segments.
    ///
    /// `segmentStarts` holds `segmentCount` + 1 rows, the last one the total. `logSumExp` [tokens, queryHeads] receives the
    /// log of each softmax's denominator, which the backward pass needs.
    public static func forward(
        _ pool: ThreadPool, q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>,
        out: UnsafeMutablePointer<Float>, logSumExp: UnsafeMutablePointer<Float>, segmentStarts: UnsafePointer<Int>,
        segmentCount: Int, shape: AttentionShape
    ) {
        var kernelShape = shape.kernelShape
        segmentStarts.withMemoryRebound(to: Int64.self, capacity: segmentCount + 1) { starts in
            ck_attention_forward(pool.handle, q, k, v, out, logSumExp, starts, Int64(segmentCount), &kernelShape)
        }
    }

    /// Writes dQ, dK and dV from dOut (laid out as out). With P the probabilities and D = rowSum(dOut out):
    /// dV = P^T dOut, dS = P (dOut V^T - D), dQ = scale dS K, dK = scale dS^T Q.
    public static func backward(
        _ pool: ThreadPool, q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>,
        out: UnsafePointer<Float>, dOut: UnsafePointer<Float>, logSumExp: UnsafePointer<Float>,
        dQ: UnsafeMutablePointer<Float>, dQLeadingDimension: Int, dK: UnsafeMutablePointer<Float>,
        dKLeadingDimension: Int, dV: UnsafeMutablePointer<Float>, dVLeadingDimension: Int,
        segmentStarts: UnsafePointer<Int>, segmentCount: Int, shape: AttentionShape
    ) {
        var kernelShape = shape.kernelShape
        segmentStarts.withMemoryRebound(to: Int64.self, capacity: segmentCount + 1) { starts in
            ck_attention_backward(
                pool.handle, q, k, v, out, dOut, logSumExp, dQ, Int64(dQLeadingDimension), dK,
                Int64(dKLeadingDimension),
                dV, Int64(dVLeadingDimension), starts, Int64(segmentCount), &kernelShape)
        }
    }

    /// Attention of new tokens to a cache: the last query of a sequence sees all of its keyCount keys, the one before it one
    /// key fewer, and so on.
    public static func decode(
        _ pool: ThreadPool, q: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, sequences: [DecodeSequence],
        shape: AttentionShape
    ) {
        var kernelShape = shape.kernelShape
        withUnsafeTemporaryAllocation(of: ck_decode_sequence.self, capacity: sequences.count) { buffer in
            for (index, sequence) in sequences.enumerated() {
                buffer.initializeElement(
                    at: index,
                    to: ck_decode_sequence(
                        query_start: Int64(sequence.queryStart), query_count: Int64(sequence.queryCount),
                        keys: sequence.keys, values: sequence.values, key_count: Int64(sequence.keyCount)))
            }
            ck_attention_decode(pool.handle, q, out, buffer.baseAddress, Int64(sequences.count), &kernelShape)
        }
    }
}
