extension SeededGenerator {
    /// A random orthogonal matrix `[size, size]`, every one equally likely.
    ///
    /// Normal rows are made orthonormal one after the other (Gram-Schmidt, twice, in float64), which is a QR
    /// factorisation with a positive diagonal.
    ///
    /// - Source: Mezzadri 2007, *How to generate random matrices from the classical compact groups*.
    package func fillOrthogonal(_ values: UnsafeMutableBufferPointer<Float>, size: Int) {
        precondition(values.count == size * size, "\(values.count) numbers for [\(size), \(size)]")
        var normal = [Float](repeating: 0, count: size * size)
        fillNormal(&normal)
        var rows: [[Double]] = []
        for index in 0..<size {
            var row = normal[index * size..<(index + 1) * size].map(Double.init)
            for _ in 0..<2 {
                for other in rows {
                    let shadow = zip(row, other).reduce(0) { $0 + $1.0 * $1.1 }
                    for column in 0..<size { row[column] -= shadow * other[column] }
                }
            }
            let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for column in 0..<size {
                row[column] /= norm
                values[index * size + column] = Float(row[column])
            }
            rows.append(row)
        }
    }
}
