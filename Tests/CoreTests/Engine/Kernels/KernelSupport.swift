import CatenaEngine

/// A small seeded generator, so that a failing case can be repeated.
struct Noise {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// Uniform in -1 ..< 1.
    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 23) - 1
    }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

/// Pools of one, two and three threads, to compare bits across.
let pools = [ThreadPool(threads: 1), ThreadPool(threads: 2), ThreadPool(threads: 3)]

/// The largest difference, relative to the largest magnitude of the reference.
func relativeError(_ values: [Float], _ reference: [Double]) -> Double {
    let size = max(reference.reduce(0) { max($0, abs($1)) }, 1e-30)
    guard values.count == reference.count else { return .infinity }
    return zip(values, reference).reduce(0) { worst, pair in
        let difference = abs(Double(pair.0) - pair.1)
        return difference.isNaN ? .infinity : max(worst, difference)
    } / size
}

/// Runs `body` with every pool, checks that all give the same bits, and returns the result.
func sameOnAllPools(_ body: (ThreadPool) -> [Float]) -> (values: [Float], identical: Bool) {
    let results = pools.map(body)
    let bits = results.map { $0.map(\.bitPattern) }
    return (results[0], bits.allSatisfy { $0 == bits[0] })
}
