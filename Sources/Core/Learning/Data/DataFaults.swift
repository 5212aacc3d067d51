/// What is wrong in a file: the first lines with their reasons, and how many there are.
package struct DataFaults: Sendable, Equatable {
    /// Faults that are told in full.
    static let shownCount = 10

    /// The first faults, each with its file and line.
    package private(set) var shown: [String] = []
    /// All faults.
    package private(set) var count = 0

    /// None.
    package init() {}

    /// What another process found in a part.
    init(shown: [String], count: Int) {
        self.shown = shown
        self.count = count
    }

    /// Adds one fault.
    package mutating func add(_ fault: DataError) {
        if shown.count < Self.shownCount { shown.append(fault.description) }
        count += 1
    }

    /// Adds those of a part of the file that comes after.
    mutating func append(_ later: DataFaults) {
        shown += later.shown.prefix(Self.shownCount - shown.count)
        count += later.count
    }

    /// - Throws: ``DataError/faults(_:)`` if there are any.
    package func requireNone() throws(DataError) {
        if count > 0 { throw .faults(self) }
    }
}

extension DataFaults: CustomStringConvertible {
    /// A line for each fault that is shown, and how many more there are.
    package var description: String {
        guard count > 1 else { return shown.joined() }
        let more = count > shown.count ? ["and \(count - shown.count) more."] : []
        return (["\(count) examples cannot be used:"] + shown + more).joined(separator: "\n")
    }
}
