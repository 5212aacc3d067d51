import CatenaFiles

/// Where a record of a data file begins.
package struct RecordPlace: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// Counts from 1.
    package let line: Int
    /// Its number in the file's list, from 1, where an earlier record of the list is on the same line.
    package let record: Int?

    /// The record `record` on `line`; nil for one that is the first of its line.
    package init(_ line: Int, record: Int? = nil) { (self.line, self.record) = (line, record) }

    /// The first record of line `value`.
    package init(integerLiteral value: Int) { self.init(value) }

    /// As it follows the file's name and a colon: `3`, or `1 (record 7)`.
    package var description: String { record.map { "\(line) (record \($0))" } ?? "\(line)" }

    /// Members of a report about one record.
    var json: JSONObject {
        var members: JSONObject = ["line": .integer(line)]
        if let record { members["record"] = .integer(record) }
        return members
    }
}
