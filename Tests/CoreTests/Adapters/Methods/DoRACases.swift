import CatenaModels
import CatenaSchema

extension MethodCase {
    static let dora: [MethodCase] =
        [false, true].map { doraCase(variant: $0 ? "rs-lora" : "", isStabilised: $0) }
        + [
            doraCase(variant: "GPT-2", isStabilised: false, model: TinyModel.gpt2),
            doraCase(variant: "with biases", isStabilised: false, model: TinyModel.everyOption),
        ]

    private static func doraCase(
        variant: String, isStabilised: Bool, model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) -> MethodCase {
        MethodCase(
            method: "dora", variant: variant, options: ["rs-lora": .boolean(isStabilised)], model: model,
            formula: .layer { site, x in
                let scaling = 3 / (isStabilised ? 2.0.squareRoot() : 2)
                func turned(_ a: DoubleMatrix, _ b: DoubleMatrix) -> DoubleMatrix { site.weight + scaling * (b * a) }
                let v = turned(site("lora_A.weight"), site("lora_B.weight"))
                let constant = turned(site.resting("lora_A.weight"), site.resting("lora_B.weight"))
                let magnitude = site("lora_magnitude_vector")
                return site.through(
                    DoubleMatrix(rows: v.rows, columns: v.columns) { row, column in
                        v[row, column] * magnitude[0, row] / constant.norm(ofRow: row)
                    }, x)
            }, zeroGradientsAtStart: ["lora_A.weight"], holdsPartConstant: true,
            parameterCount: { layers, _ in layers.reduce(0) { $0 + 2 * ($1.in + $1.out) + $1.out } })
    }
}

extension DoubleMatrix {
    /// The Euclidean norm of a row.
    func norm(ofRow row: Int) -> Double {
        (0..<columns).reduce(0) { $0 + self[row, $1] * self[row, $1] }.squareRoot()
    }
}
