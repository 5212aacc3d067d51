import CatenaFiles

/// Minimum, median and maximum of measurements.
struct Spread {
    let minimum, median, maximum: Double

    init(_ values: [Double]) {
        precondition(!values.isEmpty, "a spread needs a value")
        let sorted = values.sorted()
        let middle = sorted.count / 2
        minimum = sorted[0]
        maximum = sorted[sorted.count - 1]
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The three numbers for programs.
    var json: JSONValue { ["median": .number(median), "min": .number(minimum), "max": .number(maximum)] }
}
