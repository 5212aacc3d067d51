import CKernels

/// An elementwise activation of a plain MLP.
public enum Activation: String, Sendable, CaseIterable {
    /// max(x, 0).
    case relu
    /// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
    case geluTanh
    /// x / 2 (1 + erf(x / sqrt 2)).
    case geluErf
    /// x / (1 + exp(-x)), also called swish.
    case silu
    /// tanh x, of poolers.
    case tanh

    var code: Int32 {
        switch self {
        case .relu: Int32(CK_RELU)
        case .geluTanh: Int32(CK_GELU_TANH)
        case .geluErf: Int32(CK_GELU_ERF)
        case .silu: Int32(CK_SILU)
        case .tanh: Int32(CK_TANH)
        }
    }
}

extension Kernels {
    /// out = silu(gate) up, with silu(g) = g / (1 + exp(-g)).
    ///
    /// Rows of `gate` and `up` are `ld` apart, so both may lie in one [rows, 2 width] buffer; `out` is [rows, width].
    /// Source: Shazeer, "GLU Variants Improve Transformer", 2020.
    public static func swiGLU(
        _ pool: ThreadPool, gate: UnsafePointer<Float>, up: UnsafePointer<Float>, ld: Int,
        out: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        ck_swiglu(pool.handle, gate, up, Int64(ld), out, Int64(rows), Int64(width))
    }

    /// With s = 1 / (1 + exp(-gate)): dGate = dOut up s (1 + gate (1 - s)), dUp = dOut gate s.
    ///
    /// Rows of dGate and dUp are `ldGradient` apart; dGate may be gate and dUp may be up. `out`, where there is one, receives
    /// the result of the forward pass again, [rows, width]; it may be dOut.
    public static func swiGLUBackward(
        _ pool: ThreadPool, dOut: UnsafePointer<Float>, gate: UnsafePointer<Float>, up: UnsafePointer<Float>, ld: Int,
        out: UnsafeMutablePointer<Float>? = nil, dGate: UnsafeMutablePointer<Float>, dUp: UnsafeMutablePointer<Float>,
        ldGradient: Int, rows: Int, width: Int
    ) {
        ck_swiglu_backward(
            pool.handle, dOut, gate, up, Int64(ld), out, dGate, dUp, Int64(ldGradient), Int64(rows), Int64(width))
    }

    /// x becomes cap tanh(x / cap); the slopes 1 - tanh² go to `slopes`, where there are any.
    public static func softCap(
        _ pool: ThreadPool, x: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>?, cap: Float, count: Int
    ) {
        ck_soft_cap(pool.handle, x, slopes, cap, Int64(count))
    }

    /// y = activation(x); y may be x.
    public static func activation(
        _ pool: ThreadPool, _ activation: Activation, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        ck_activation(pool.handle, activation.code, x, y, Int64(count))
    }

    /// dX = dY activation'(x); dX may be dY or x.
    public static func activationBackward(
        _ pool: ThreadPool, _ activation: Activation, dY: UnsafePointer<Float>, x: UnsafePointer<Float>,
        dX: UnsafeMutablePointer<Float>, count: Int
    ) {
        ck_activation_backward(pool.handle, activation.code, dY, x, dX, Int64(count))
    }

    /// y = exp(x) within 2 units in the last place; 0 below -87.3 and exp(88.3) above 88.3. y may be x.
    public static func exponential(
        _ pool: ThreadPool, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, count: Int
    ) {
        ck_exp(pool.handle, x, y, Int64(count))
    }
}
