import CatenaSchema

extension MethodCase {
    /// Y = x W^T + b ⊙ (B (d ⊙ (A x))) with the shared matrices sliced as in peft `tuners/vera/layer.py`.
    static let veRA: [MethodCase] = [(2, nil), (11, 0.3)].map { (rank: Int, first: Double?) in
        MethodCase(
            method: "vera", variant: rank == 2 ? "" : "rank above a layer's sides", rank: rank,
            options: first.map { ["d-initial": .number($0)] } ?? [:],
            formula: .layer { site, x in
                let (a, b) = (site("base_model.vera_A"), site("base_model.vera_B"))
                let (d, lambda) = (site("vera_lambda_d"), site("vera_lambda_b"))
                let slicedA = DoubleMatrix(rows: rank, columns: site.weight.columns) { d[0, $0] * a[$0, $1] }
                let slicedB = DoubleMatrix(rows: site.weight.rows, columns: rank) { lambda[0, $0] * b[$0, $1] }
                return site.through(site.weight + slicedB * slicedA, x)
            }, zeroGradientsAtStart: ["vera_lambda_d"],
            parameterCount: { layers, _ in layers.reduce(0) { $0 + rank + $1.out } })
    }
}
