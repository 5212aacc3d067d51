import CatenaFiles

/// Mean and sample standard deviation of a number over seeds.
package struct SeedSpread: Sendable, Equatable {
    /// The number for each seed.
    package var values: [Double]

    /// The spread of these values.
    package init(_ values: [Double]) { self.values = values }

    /// Σ x / n; NaN of nothing.
    package var mean: Double { values.reduce(0, +) / Double(values.count) }

    /// √(Σ (x - mean)² / (n - 1)); nil of fewer than two values.
    package var standardDeviation: Double? {
        guard values.count > 1 else { return nil }
        let mean = mean
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    /// `{"mean", "sd", "values"}`; what is not there is null.
    var json: JSONValue {
        [
            "mean": .number(mean), "sd": standardDeviation.map { .number($0) } ?? .null,
            "values": .array(values.map { .number($0) }),
        ]
    }
}
