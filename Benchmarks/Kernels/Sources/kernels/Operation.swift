import CatenaCore

/// A kernel of Catena beside its plain form, both on all threads of the pool.
struct Operation {
    /// As in peers/operations.py.
    let name: String
    /// Sizes, for people.
    let shape: String
    /// What `kernel` works through: GFLOP of products and attention, else numbers of its largest operand in billions.
    let work: Double
    let kernel: () -> Void
    /// Works through `plainShare` of the same rows.
    let plain: (() -> Void)?
    let plainShare: Double

    init(
        _ name: String, _ shape: String, work: Double, kernel: @escaping () -> Void, plainShare: Double = 1,
        plain: (() -> Void)? = nil
    ) {
        (self.name, self.shape, self.work) = (name, shape, work)
        (self.kernel, self.plain, self.plainShare) = (kernel, plain, plainShare)
    }
}

/// The kernels of a SmolLM2-135M step at 2048 tokens.
struct StepOperations {
    let engine: Engine
    private let tokens = 2048
    private let width = 576
    private let inner = 1536

    private func filled(_ rows: Int, _ columns: Int) -> Tensor {
        let tensor = engine.memory.tensor(rows: rows, columns: columns)
        for index in 0..<tensor.count { tensor.pointer[index] = Float(index % 1021) / 1021 - 0.5 }
        return tensor
    }

    var all: [Operation] {
        [
            product("product", out: 960, input: width, plainShare: 1 / 32),
            product("narrow product", out: 8, input: width, plainShare: 1),
        ] + norms + swiGLU + [attention, attentionBackward, crossEntropy, adamW]
    }

    private func product(_ name: String, out: Int, input: Int, plainShare: Double) -> Operation {
        let (x, w, y) = (filled(tokens, input), filled(out, input), filled(tokens, out))
        let (engine, tokens) = (engine, tokens)
        return Operation(
            name, "\(tokens) x \(input) by \(out) x \(input)", work: 2e-9 * Double(tokens * out * input),
            kernel: {
                BLAS.gemm(
                    engine.threads, transposeA: false, transposeB: true, m: tokens, n: out, k: input, alpha: 1,
                    a: x.pointer, lda: input, b: w.pointer, ldb: input, beta: 0, c: y.pointer, ldc: out)
            },
            plainShare: plainShare,
            plain: {
                engine.threads.runRows(Int(Double(tokens) * plainShare), minimumPerTask: 1) { range in
                    for row in range {
                        PlainForms.product(
                            x.pointer + row * input, w.pointer, y.pointer + row * out, out: out, input: input)
                    }
                }
            })
    }

    private var norms: [Operation] {
        let (x, dY, y) = (filled(tokens, width), filled(tokens, width), filled(tokens, width))
        let (weight, inverse) = (filled(1, width), filled(1, tokens))
        let (engine, tokens, width) = (engine, tokens, width)
        let work = 1e-9 * Double(tokens * width)
        func rows(_ body: @escaping (Int) -> Void) -> () -> Void {
            { engine.threads.runRows(tokens, minimumPerTask: 1) { for row in $0 { body(row) } } }
        }
        return [
            Operation(
                "RMSNorm", "\(tokens) x \(width)", work: work,
                kernel: {
                    Kernels.rmsNorm(
                        engine.threads, x: x.pointer, weight: weight.pointer, y: y.pointer, inverseRMS: inverse.pointer,
                        rows: tokens, width: width, epsilon: 1e-6)
                },
                plain: rows { row in
                    PlainForms.rmsNorm(
                        x.pointer + row * width, weight.pointer, y.pointer + row * width, width: width, epsilon: 1e-6)
                }),
            Operation(
                "RMSNorm backward", "\(tokens) x \(width)", work: work,
                kernel: {
                    Kernels.rmsNormBackward(
                        engine.threads, dY: dY.pointer, x: x.pointer, weight: weight.pointer,
                        inverseRMS: inverse.pointer, dX: y.pointer, accumulate: false, dWeight: nil, rows: tokens,
                        width: width)
                },
                plain: rows { row in
                    PlainForms.rmsNormBackward(
                        dY.pointer + row * width, x.pointer + row * width, weight.pointer, y.pointer + row * width,
                        inverse: inverse.pointer[row], width: width)
                }),
        ]
    }

    private var swiGLU: [Operation] {
        let (both, dBoth) = (filled(tokens, 2 * inner), filled(tokens, 2 * inner))
        let (out, dOut) = (filled(tokens, inner), filled(tokens, inner))
        let (engine, tokens, inner) = (engine, tokens, inner)
        let work = 1e-9 * Double(tokens * inner)
        return [
            Operation(
                "SwiGLU", "\(tokens) x \(inner)", work: work,
                kernel: {
                    Kernels.swiGLU(
                        engine.threads, gate: both.pointer, up: both.pointer + inner, ld: 2 * inner, out: out.pointer,
                        rows: tokens, width: inner)
                },
                plain: {
                    engine.threads.runRows(tokens, minimumPerTask: 1) { range in
                        for row in range {
                            let gate = both.pointer + row * 2 * inner
                            PlainForms.swiGLU(gate, gate + inner, out.pointer + row * inner, width: inner)
                        }
                    }
                }),
            Operation(
                "SwiGLU backward", "\(tokens) x \(inner)", work: work,
                kernel: {
                    Kernels.swiGLUBackward(
                        engine.threads, dOut: dOut.pointer, gate: both.pointer, up: both.pointer + inner, ld: 2 * inner,
                        dGate: dBoth.pointer, dUp: dBoth.pointer + inner, ldGradient: 2 * inner, rows: tokens,
                        width: inner)
                },
                plain: {
                    engine.threads.runRows(tokens, minimumPerTask: 1) { range in
                        for row in range {
                            let (gate, dGate) = (both.pointer + row * 2 * inner, dBoth.pointer + row * 2 * inner)
                            PlainForms.swiGLUBackward(
                                dOut.pointer + row * inner, gate, gate + inner, dGate, dGate + inner, width: inner)
                        }
                    }
                }),
        ]
    }
}

extension StepOperations {
    /// 8 sequences of 256 tokens, 9 heads of 64 numbers that share 3 of keys and values.
    private static let heads = 9
    private static let groups = 3
    private static let headWidth = 64
    private static let starts = (0...8).map { $0 * 256 }
    /// Q Kᵀ and P V over the keys before a token, itself included.
    private var attentionWork: Double { 1e-9 * 4 * Double(tokens * Self.heads * Self.headWidth) * 128.5 }

    private var attentionShape: AttentionShape {
        AttentionShape(
            queryHeads: Self.heads, keyValueHeads: Self.groups, headDimension: Self.headWidth,
            queryLeadingDimension: Self.heads * Self.headWidth, keyLeadingDimension: Self.groups * Self.headWidth,
            valueLeadingDimension: Self.groups * Self.headWidth, outputLeadingDimension: Self.heads * Self.headWidth,
            scale: 0.125)
    }

    private var attention: Operation {
        let (q, out) = (filled(tokens, Self.heads * Self.headWidth), filled(tokens, Self.heads * Self.headWidth))
        let (k, v) = (filled(tokens, Self.groups * Self.headWidth), filled(tokens, Self.groups * Self.headWidth))
        let logSums = filled(tokens, Self.heads)
        let (engine, shape, tokens) = (engine, attentionShape, tokens)
        return Operation(
            "attention", "8 x 256 tokens, 9 heads of 64 over 3", work: attentionWork,
            kernel: {
                Attention.forward(
                    engine.threads, q: q.pointer, k: k.pointer, v: v.pointer, out: out.pointer,
                    logSumExp: logSums.pointer, segmentStarts: Self.starts, segmentCount: 8, shape: shape)
            },
            plainShare: 1 / 8,
            plain: {
                let share = tokens / 8
                engine.threads.runRows(share * Self.heads, minimumPerTask: 1) { range in
                    for index in range {
                        let (row, head) = (index / Self.heads, index % Self.heads)
                        let shared = head / (Self.heads / Self.groups) * Self.headWidth
                        let place = row * Self.heads * Self.headWidth + head * Self.headWidth
                        PlainForms.attention(
                            q.pointer + place, k.pointer + shared, v.pointer + shared, out.pointer + place,
                            count: row + 1, step: Self.groups * Self.headWidth, width: Self.headWidth, scale: 0.125)
                    }
                }
            })
    }

    private var attentionBackward: Operation {
        let wide = (0..<4).map { _ in filled(tokens, Self.heads * Self.headWidth) }
        let narrow = (0..<4).map { _ in filled(tokens, Self.groups * Self.headWidth) }
        let logSums = filled(tokens, Self.heads)
        let (engine, shape) = (engine, attentionShape)
        return Operation(
            "attention backward", "8 x 256 tokens, 9 heads of 64 over 3", work: 2.5 * attentionWork,
            kernel: {
                Attention.backward(
                    engine.threads, q: wide[0].pointer, k: narrow[0].pointer, v: narrow[1].pointer,
                    out: wide[1].pointer, dOut: wide[2].pointer, logSumExp: logSums.pointer, dQ: wide[3].pointer,
                    dQLeadingDimension: shape.queryLeadingDimension, dK: narrow[2].pointer,
                    dKLeadingDimension: shape.keyLeadingDimension, dV: narrow[3].pointer,
                    dVLeadingDimension: shape.valueLeadingDimension, segmentStarts: Self.starts, segmentCount: 8,
                    shape: shape)
            })
    }

    private var crossEntropy: Operation {
        let (rows, vocabulary) = (256, 49152)
        let logits = filled(rows, vocabulary)
        let targets = (0..<rows).map { Int32($0 * 191) }
        let losses = UnsafeMutablePointer<Double>.allocate(capacity: rows)
        let engine = engine
        return Operation(
            "cross-entropy and its gradient", "\(rows) x \(vocabulary)", work: 1e-9 * Double(rows * vocabulary),
            kernel: {
                Kernels.crossEntropyRows(
                    engine.threads, logits: logits.pointer, targets: targets, weights: nil, rows: rows,
                    vocabulary: vocabulary, losses: losses, writeGradient: true)
            },
            plain: {
                engine.threads.runRows(rows, minimumPerTask: 1) { range in
                    for row in range {
                        losses[row] = PlainForms.crossEntropy(
                            logits.pointer + row * vocabulary, target: Int(targets[row]), vocabulary: vocabulary)
                    }
                }
            })
    }

    private var adamW: Operation {
        let count = 2_442_240
        let (parameter, gradient, m, v) = (filled(1, count), filled(1, count), filled(1, count), filled(1, count))
        v.fill(1)
        let engine = engine
        return Operation(
            "AdamW", "\(count) numbers", work: 1e-9 * Double(count),
            kernel: {
                Kernels.adamW(
                    engine.threads, parameter: parameter.pointer, gradient: gradient.pointer, m: m.pointer,
                    v: v.pointer, count: count, learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8,
                    weightDecay: 0, biasCorrection1: 0.1, biasCorrection2: 0.001, gradientScale: 1)
            },
            plain: {
                engine.threads.runRows(count, minimumPerTask: 4096) { range in
                    PlainForms.adamW(parameter.pointer, gradient.pointer, m.pointer, v.pointer, range)
                }
            })
    }
}
