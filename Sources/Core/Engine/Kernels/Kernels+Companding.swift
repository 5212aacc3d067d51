import CKernels

extension Kernels {
    /// φ of a compander as the kernel knows it.
    enum Curve {
        case arctan, tanh, softsign

        fileprivate var code: Int32 {
            switch self {
            case .arctan: Int32(CK_COMPAND_ARCTAN)
            case .tanh: Int32(CK_COMPAND_TANH)
            case .softsign: Int32(CK_COMPAND_SOFTSIGN)
            }
        }
    }

    /// w = unit (offset + a φ(v / b)), elementwise; `unit` is one number an element, ones where it is nil.
    package struct Compander {
        /// φ.
        package var function: CompandingFunction
        package var a, b, offset: Float
        package var unit: UnsafePointer<Float>?

        /// A compander from its numbers.
        package init(
            _ function: CompandingFunction, a: Float, b: Float, offset: Float = 0, unit: UnsafePointer<Float>? = nil
        ) {
            (self.function, self.a, self.b, self.offset, self.unit) = (function, a, b, offset, unit)
        }

        fileprivate var parts: ck_compander {
            ck_compander(function: function.curve.code, a: a, b: b, offset: offset, unit: unit)
        }
    }

    /// w from v; w may be v.
    package static func compand(
        _ pool: ThreadPool, _ compander: Compander, v: UnsafePointer<Float>, w: UnsafeMutablePointer<Float>, count: Int
    ) {
        var parts = compander.parts
        ck_compand(pool.handle, &parts, v, w, Int64(count))
    }

    /// dV = dW unit (a / b) φ'(v / b), and the derivatives by log a and log b:
    ///
    ///     dL/d log a = Σ dW unit a φ(v / b)        dL/d log b = -Σ dV v
    ///
    /// dV may be dW.
    package static func compandBackward(
        _ pool: ThreadPool, _ compander: Compander, v: UnsafePointer<Float>, dW: UnsafePointer<Float>,
        dV: UnsafeMutablePointer<Float>, count: Int
    ) -> (byLogA: Double, byLogB: Double) {
        var parts = compander.parts
        var (byLogA, byLogB) = (0.0, 0.0)
        ck_compand_backward(pool.handle, &parts, v, dW, dV, Int64(count), &byLogA, &byLogB)
        return (byLogA, byLogB)
    }

    /// Of the distances |w / unit - offset|: how many are below `near` and above `far`, and the largest.
    package static func compandingCounts(
        _ pool: ThreadPool, _ compander: Compander, w: UnsafePointer<Float>, count: Int, near: Float, far: Float
    ) -> (near: Int, far: Int, largest: Float) {
        var parts = compander.parts
        let counts = ck_companding_count(pool.handle, &parts, w, Int64(count), near, far)
        return (Int(counts.near), Int(counts.far), counts.largest)
    }
}
