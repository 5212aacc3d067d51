/// Which numbers a key takes: always ones that float32, in which they are computed with, can hold.
package struct NumberBounds: Sendable {
    /// No number of a configuration or of an adapter's file is larger, by magnitude.
    package static let largest = 1e30
    /// No number above 0 is smaller; float32 would make it 0.
    package static let smallest = 1e-30

    package var lower: Double
    package var lowerIncluded = true
    package var upper: Double?
    package var upperIncluded = true
    /// What is counted, such as `seconds`.
    package var unit: String?

    package init(
        lower: Double, lowerIncluded: Bool = true, upper: Double? = nil, upperIncluded: Bool = true, unit: String? = nil
    ) {
        (self.lower, self.lowerIncluded, self.upper, self.upperIncluded) = (lower, lowerIncluded, upper, upperIncluded)
        self.unit = unit
    }

    package static let positive = above(0)
    package static let notNegative = NumberBounds(lower: 0)
    package static let ratio = NumberBounds(lower: 0, upper: 1)
    package static let belowOne = NumberBounds(lower: 0, upper: 1, upperIncluded: false)
    package static let fraction = NumberBounds(lower: 0, lowerIncluded: false, upper: 1, upperIncluded: false)
    package static func above(_ bound: Double) -> NumberBounds { NumberBounds(lower: bound, lowerIncluded: false) }

    package func contains(_ value: Double) -> Bool {
        guard lowerIncluded ? value >= lower : value > lower else { return false }
        guard value.magnitude <= Self.largest, value == 0 || value.magnitude >= Self.smallest else { return false }
        guard let upper else { return true }
        return upperIncluded ? value <= upper : value < upper
    }

    /// What a message says about them; what float32 can hold matters only to those who are beyond it.
    package func expected(found: Double?) -> String {
        guard let found, found != 0, !(Self.smallest...Self.largest).contains(found.magnitude) else { return expected }
        return expected + " that float32 can hold, so of 1e-30 to 1e30"
    }

    package var expected: String {
        func text(_ value: Double) -> String {
            value == value.rounded() ? String(Int(value)) : value.description
        }
        let below = upper.map { (upperIncluded ? " and at most " : " and below ") + text($0) } ?? ""
        return "a number " + (unit.map { "of \($0) " } ?? "") + (lowerIncluded ? "of at least " : "above ")
            + text(lower)
            + below
    }
}
