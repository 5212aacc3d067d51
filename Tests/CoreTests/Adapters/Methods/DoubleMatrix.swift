import CatenaEngine

/// A small matrix in float64 for formulas that are written as they stand in a paper.
struct DoubleMatrix {
    let rows: Int
    let columns: Int
    var values: [Double]

    init(rows: Int, columns: Int, _ values: [Double]) {
        precondition(values.count == rows * columns, "\(values.count) numbers for [\(rows), \(columns)]")
        (self.rows, self.columns, self.values) = (rows, columns, values)
    }

    init(rows: Int, columns: Int, _ element: (Int, Int) -> Double) {
        self.init(
            rows: rows, columns: columns,
            (0..<rows).flatMap { row in (0..<columns).map { element(row, $0) } })
    }

    init(_ tensor: Tensor) {
        self.init(rows: tensor.rows, columns: tensor.columns, tensor.elements().map(Double.init))
    }

    static func normal(rows: Int, columns: Int, seed: UInt64) -> DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, tinyNormal(rows * columns, seed: seed).map(Double.init))
    }

    static func identity(_ size: Int) -> DoubleMatrix {
        DoubleMatrix(rows: size, columns: size) { $0 == $1 ? 1 : 0 }
    }

    subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    var transposed: DoubleMatrix { DoubleMatrix(rows: columns, columns: rows) { self[$1, $0] } }

    func map(_ function: (Double) -> Double) -> DoubleMatrix {
        DoubleMatrix(rows: rows, columns: columns, values.map(function))
    }

    /// Adds a row vector to each row.
    func addingRow(_ row: DoubleMatrix?) -> DoubleMatrix {
        guard let row else { return self }
        return DoubleMatrix(rows: rows, columns: columns) { self[$0, $1] + row[0, $1] }
    }

    static func * (a: DoubleMatrix, b: DoubleMatrix) -> DoubleMatrix {
        precondition(a.columns == b.rows, "[\(a.rows), \(a.columns)] times [\(b.rows), \(b.columns)]")
        return DoubleMatrix(rows: a.rows, columns: b.columns) { row, column in
            (0..<a.columns).reduce(0) { $0 + a[row, $1] * b[$1, column] }
        }
    }

    static func * (factor: Double, a: DoubleMatrix) -> DoubleMatrix { a.map { factor * $0 } }

    static func + (a: DoubleMatrix, b: DoubleMatrix) -> DoubleMatrix {
        precondition(a.rows == b.rows && a.columns == b.columns, "shapes of a sum")
        return DoubleMatrix(rows: a.rows, columns: a.columns, zip(a.values, b.values).map { $0 + $1 })
    }

    static func - (a: DoubleMatrix, b: DoubleMatrix) -> DoubleMatrix { a + (-1) * b }

    /// Σ of the elementwise products.
    func dot(_ other: DoubleMatrix) -> Double { zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 } }

    var floats: [Float] { values.map(Float.init) }
}
