/// The numbers that divide all of some sizes, to advise where a chosen one does not.
struct CommonDivisors {
    private let greatest: Int

    init(of sizes: [Int]) {
        greatest = sizes.reduce(0) { Self.greatestCommonDivisor($0, $1) }
    }

    /// The largest one below `size` and the smallest one above it.
    func near(_ size: Int) -> [Int] {
        guard greatest > 0 else { return [] }
        let all = (1...greatest).filter { greatest.isMultiple(of: $0) }
        return [all.last { $0 < size }, all.first { $0 > size }].compactMap { $0 }
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}
