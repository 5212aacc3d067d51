import CatenaEngine
import CatenaFiles
import CatenaModels

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
    private let tile: Int

    /// Memory of its own, filled with numbers that are not zero.
    init(_ model: LanguageModel, tokens: Int, engine: Engine) {
        let configuration = model.configuration
        self.engine = engine
        self.tokens = tokens
        layerCount = configuration.layerCount
        vocabulary = configuration.vocabularySize
        width = configuration.hiddenSize
        tile = LanguageModelHead.tileRows(vocabulary: vocabulary)
        let stacks: [[Role]] = [
            [.query, .key, .value, .fusedQueryKeyValue], [.attentionOutput], [.gate, .up], [.down],
        ]
        let linears = model.layers.first?.linears ?? []
        layers = stacks.map { roles in
            let stacked = linears.filter { roles.contains($0.role) }
            return (stacked.reduce(0) { $0 + $1.outFeatures }, stacked.first?.inFeatures ?? 0)
        }
        let memory = TensorMemory()
        let out = layers.map(\.out).max() ?? 0
        let input = layers.map(\.input).max() ?? 0
        func filled(_ rows: Int, _ columns: Int) -> Tensor {
            let tensor = memory.tensor(rows: rows, columns: columns)
            for index in 0..<tensor.count { unsafe tensor.pointer[index] = Float(index % 1021) / 1021 - 0.5 }
            return tensor
        }
        (x, dY, weight) = (filled(tokens, input), filled(tokens, out), filled(out, input))
        (y, dX) = (filled(tokens, out), filled(tokens, max(input, width)))
        (head, logits, dLogits) = (
            filled(vocabulary, width), filled(tile, vocabulary), filled(tile, vocabulary)
        )
    }

    /// Floating-point operations of one pass.
    var operations: Double {
        let layer = layers.reduce(0.0) { $0 + 4 * Double(tokens) * Double($1.out) * Double($1.input) }
        return layer * Double(layerCount) + 4 * Double(tokens) * Double(vocabulary) * Double(width)
    }

    /// What computes the products.
    enum Kernels {
        /// Those that a step uses.
        case own
        /// OpenBLAS alone.
        case openBLAS
    }

    /// Seconds of one pass.
    func run(_ kernels: Kernels) -> Double {
        let start = MonotonicClock.seconds()
        for _ in 0..<layerCount {
            for layer in layers { both(kernels, tokens, layer.out, layer.input, x, weight, y, dY, dX) }
        }
        for row in stride(from: 0, to: tokens, by: tile) {
            both(kernels, min(tile, tokens - row), vocabulary, width, x, head, logits, dLogits, dX)
        }
        return MonotonicClock.seconds() - start
    }

    private func both(
        _ kernels: Kernels, _ rows: Int, _ out: Int, _ input: Int, _ x: Tensor, _ w: Tensor, _ y: Tensor, _ dY: Tensor,
        _ dX: Tensor
    ) {
        let product = unsafe kernels == .own ? BLAS.gemm : BLAS.gemmByOpenBLAS
        unsafe product(
            engine.threads, false, true, rows, out, input, 1, x.pointer, input, w.pointer, input, 0, y.pointer, out)
        unsafe product(
            engine.threads, false, false, rows, input, out, 1, dY.pointer, out, w.pointer, input, 0, dX.pointer, input)
    }
}
