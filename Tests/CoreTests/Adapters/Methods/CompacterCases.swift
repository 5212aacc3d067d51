import CatenaModels
import CatenaSchema

extension MethodCase {
    static let compacter: [MethodCase] = [
        compacter("compacter", rank: 2, n: 2),
        compacter("compacter", rank: 4, n: 4, activation: "swish", model: TinyModel.everyOption),
        compacter("compacter", rank: 3, n: 1, activation: "gelu"),
        compacter("compacter", rank: 4, n: 2, activation: "relu", trainsNorms: false),
        compacter("compacter++", rank: 4, n: 2),
        compacter("compacter++", rank: 4, n: 4, trainsNorms: false),
    ]

    /// h + f + σ(f H_d + b_d) H_u + b_u with the H of the Kronecker products.
    private static func compacter(
        _ method: String, rank: Int, n: Int, activation: String = "gelu-new", trainsNorms: Bool = true,
        model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) -> MethodCase {
        MethodCase(
            method: method, variant: "n = \(n), d = \(rank), \(activation)" + (trainsNorms ? "" : " without norms"),
            rank: rank,
            options: [
                "phm-dim": .integer(n), "activation": .text(activation), "train-norms": .boolean(trainsNorms),
            ], model: model,
            formula: .sublayer { site, f, h in
                let inner = projected(f, "adapter_down", site).map(activationFunction(activation))
                return h + f + projected(inner, "adapter_up", site)
            }, zeroGradientsAtStart: [], startsExactly: false, isSmooth: activation != "relu",
            parameterCount: { _, shape in
                let adapters = (method == "compacter" ? 2 : 1) * shape.layerCount
                let (width, biases) = (shape.hiddenSize + rank, shape.hiddenSize + rank)
                return adapters * (2 * width + biases) + n * n * n + (trainsNorms ? normCount(shape) : 0)
            })
    }

    private static func projected(_ x: DoubleMatrix, _ name: String, _ site: Site) -> DoubleMatrix {
        let matrix = kroneckerSum(
            rule: site("base_model.model.shared_parameters.phm_rule"), left: site(name + ".W_left"),
            right: site(name + ".W_right"))
        return (x * matrix).addingRow(site(name + ".b"))
    }

    /// Σᵢ Aᵢ ⊗ (sᵢ tᵢ) as in the authors' `kronecker.py`: A `[n, n, n]`, s `[n, in / n, 1]`, t `[n, 1, out / n]`.
    static func kroneckerSum(rule: DoubleMatrix, left: DoubleMatrix, right: DoubleMatrix) -> DoubleMatrix {
        let n = rule.columns
        let (height, width) = (left.rows / n, right.columns)
        return (0..<n).reduce(DoubleMatrix(rows: n * height, columns: n * width) { _, _ in 0 }) { sum, i in
            let a = DoubleMatrix(rows: n, columns: n) { rule[i * n + $0, $1] }
            let product = DoubleMatrix(rows: height, columns: width) { left[i * height + $0, 0] * right[i, $1] }
            return sum + kronecker(a, product)
        }
    }

    /// A ⊗ B: block (r, c) is A[r, c] B.
    private static func kronecker(_ a: DoubleMatrix, _ b: DoubleMatrix) -> DoubleMatrix {
        DoubleMatrix(rows: a.rows * b.rows, columns: a.columns * b.columns) { row, column in
            a[row / b.rows, column / b.columns] * b[row % b.rows, column % b.columns]
        }
    }
}
