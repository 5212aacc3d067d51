import CatenaCore

/// The matrix products that no step with frozen float32 weights can do without: `Y = X Wᵀ` and `dX = dY W` of every
/// linear layer, q, k, v stacked and gate, up stacked, and of the head in tiles of rows.
struct GEMMFloor {
    private let engine: Engine
    private let tokens: Int
    private let layerCount: Int
    private let vocabulary: Int
    private let width: Int
    private let layers: [(out: Int, input: Int)]
    private let x, dY, weight, y, dX, head, logits, dLogits: Tensor
    private static let tile = 256

    /// Memory of its own, filled with numbers that are not zero.
    init(_ configuration: DecoderConfiguration, tokens: Int, engine: Engine) {
        self.engine = engine
        self.tokens = tokens
        layerCount = configuration.layerCount
        vocabulary = configuration.vocabularySize
        width = configuration.hiddenSize
        let inner = configuration.intermediateSize
        layers = [
            (configuration.queryWidth + 2 * configuration.keyValueWidth, width), (width, configuration.queryWidth),
            (configuration.layerNormStyle == nil ? 2 * inner : inner, width), (width, inner),
        ]
        let memory = TensorMemory()
        let out = layers.map(\.out).max() ?? 0
        let input = layers.map(\.input).max() ?? 0
        func filled(_ rows: Int, _ columns: Int) -> Tensor {
            let tensor = memory.tensor(rows: rows, columns: columns)
            for index in 0..<tensor.count { tensor.pointer[index] = Float(index % 1021) / 1021 - 0.5 }
            return tensor
        }
        (x, dY, weight) = (filled(tokens, input), filled(tokens, out), filled(out, input))
        (y, dX) = (filled(tokens, out), filled(tokens, max(input, width)))
        (head, logits, dLogits) = (
            filled(vocabulary, width), filled(Self.tile, vocabulary), filled(Self.tile, vocabulary)
        )
    }

    /// Floating-point operations of one pass.
    var operations: Double {
        let layer = layers.reduce(0.0) { $0 + 4 * Double(tokens) * Double($1.out) * Double($1.input) }
        return layer * Double(layerCount) + 4 * Double(tokens) * Double(vocabulary) * Double(width)
    }

    /// Seconds of one pass.
    func run() -> Double {
        let start = ProgressStyle.monotonicSeconds()
        for _ in 0..<layerCount {
            for layer in layers { both(tokens, layer.out, layer.input, x, weight, y, dY, dX) }
        }
        for row in stride(from: 0, to: tokens, by: Self.tile) {
            both(min(Self.tile, tokens - row), vocabulary, width, x, head, logits, dLogits, dX)
        }
        return ProgressStyle.monotonicSeconds() - start
    }

    private func both(
        _ rows: Int, _ out: Int, _ input: Int, _ x: Tensor, _ w: Tensor, _ y: Tensor, _ dY: Tensor, _ dX: Tensor
    ) {
        BLAS.gemm(
            engine.threads, transposeA: false, transposeB: true, m: rows, n: out, k: input, alpha: 1, a: x.pointer,
            lda: input, b: w.pointer, ldb: input, beta: 0, c: y.pointer, ldc: out)
        BLAS.gemm(
            engine.threads, transposeA: false, transposeB: false, m: rows, n: input, k: out, alpha: 1, a: dY.pointer,
            lda: out, b: w.pointer, ldb: input, beta: 0, c: dX.pointer, ldc: input)
    }
}
