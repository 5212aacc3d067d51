import CatenaEngine
import Foundation
import Testing

@Suite("Numbers behind parameters")
struct RawParametersTests {
    private let engine = Engine(threads: 1)

    private func compander(
        _ function: CompandingFunction = .arctan, range: Double = 2, expand: Double = 1.5, learned: Bool = true
    ) -> WeightCompander {
        WeightCompander(function: function, range: range, expand: expand, floor: 0.05, learnsScales: learned)
    }

    /// A matrix, a matrix of zeros, scales around 1, lengths, a single number, and a tensor that is left as it is.
    private func parameters() -> ParameterSet {
        func parameter(_ name: String, _ shape: [Int], _ neutral: Parameter.Neutral, _ first: [Float]) -> Parameter {
            Parameter(name: name, shape: shape, neutral: neutral) { $0.copy(from: first) }
        }
        return ParameterSet(
            [
                parameter("matrix", [5, 4], .zero, tinyNormal(20, standardDeviation: 0.1, seed: 2)),
                parameter("zeros", [3, 2], .zero, [Float](repeating: 0, count: 6)),
                parameter("scales", [6], .one, (0..<6).map { 1 + 0.1 * Float($0 - 2) }),
                parameter("lengths", [4], .firstValue, [2, 0, 0.5, 30]),
                parameter("one", [1], .zero, [-0.3]), parameter("plain", [3], .zero, [1, -2, 3]),
            ], memory: engine.memory)
    }

    private func raw(_ seen: ParameterSet, _ compander: WeightCompander) throws -> RawParameters {
        let raw = RawParameters(seen, through: compander, engine: engine) { $0.name == "plain" ? nil : $0.name }
        try raw.begin()
        return raw
    }

    private func tensor(_ name: String, of raw: RawParameters) throws -> ReparameterisedTensor {
        try #require(raw.tensors.first { $0.parameter.name == name })
    }

    @Test(
        "at the start every value is what it was but for rounding, and zeros and neutral values to the bit",
        arguments: CompandingFunction.all, [1.5, 2, 100])
    func start(function: CompandingFunction, range: Double) throws {
        let seen = parameters()
        let before = seen.values.elements()
        let raw = try raw(seen, compander(function, range: range))
        for (found, first) in zip(seen.values.elements(), before) { #expect(abs(found - first) <= 4e-7 * abs(first)) }
        #expect(try tensor("zeros", of: raw).seen.elements() == [Float](repeating: 0, count: 6))
        #expect(try tensor("lengths", of: raw).seen.elements() == [2, 0, 0.5, 30])
        #expect(try tensor("scales", of: raw).seen.elements()[2] == 1)
        #expect(Array(seen.values.elements().suffix(3)) == [1, -2, 3])
    }

    @Test("a is the range times the largest weight, or the floor; b is a over the slope at 0")
    func scales() throws {
        let seen = parameters()
        let largest = seen.values.elements().prefix(20).map(abs).max() ?? 0
        let raw = try raw(seen, compander(range: 3, expand: 2))
        for (name, a) in [
            ("matrix", 3 * Double(largest)), ("zeros", 0.05), ("scales", 0.9), ("lengths", 0.05), ("one", 0.9),
        ] {
            let scales = try tensor(name, of: raw).scales.elements().map { exp(Double($0)) }
            #expect(abs(scales[0] / a - 1) < 1e-6 && abs(scales[1] / (a / 2) - 1) < 1e-6, "\(name)")
        }
        // Weights are bent by their distance from 1, in units of their own where they are lengths.
        let first = try tensor("scales", of: raw).raw.elements()[5]
        #expect(abs(Double(first) - 0.45 * tan(0.3 / 0.9)) < 1e-6)
    }

    @Test(
        "the gradients of all raw numbers and scales are those of differences", arguments: CompandingFunction.all)
    func gradients(function: CompandingFunction) throws {
        let seen = parameters()
        let raw = try raw(seen, compander(function))
        let (target, factors) = (tinyNormal(seen.count, seed: 21), tinyNormal(seen.count, seed: 22))
        // Softsign's slope has a kink at 0, which no difference may step over.
        for tensor in raw.tensors {
            for index in 0..<tensor.raw.count {
                tensor.raw.pointer[index] += tensor.raw.pointer[index] < 0 ? -0.02 : 0.02
            }
        }
        raw.writeSeen()
        // A function of what is seen: Σ c sin(w + t), by its definition in float64.
        func value() -> Double {
            raw.writeSeen()
            return seen.values.elements().enumerated().reduce(0.0) {
                $0 + Double(factors[$1.offset]) * sin(Double($1.element) + Double(target[$1.offset]))
            }
        }
        let worst = GradientCheck.worst(raw.set, floor: 0.01, step: 0.004) {
            for (index, w) in seen.values.elements().enumerated() {
                seen.gradients.pointer[index] = Float(Double(factors[index]) * cos(Double(w) + Double(target[index])))
            }
            raw.pullBack()
        } _: {
            value()
        }
        #expect(worst.error < GradientCheck.tolerance, "\(worst)")
    }

    @Test("fixed scales are not among what the optimizer moves; learned ones do not decay")
    func learned() throws {
        #expect(try raw(parameters(), compander(learned: false)).set.count == 40)
        let set = try raw(parameters(), compander()).set
        #expect(set.count == 40 + 2 * 5)
        #expect(set.parameters.filter { !$0.decays }.map(\.count) == [10])
    }

    @Test("an update cannot take a below 1e-4 nor a / b out of 0.25 to 8")
    func bounds() throws {
        let raw = try raw(parameters(), compander())
        let scales = try #require(raw.set.parameters.last).value
        for (row, pair) in [(0, (-20, -3)), (1, (1, -5)), (2, (0, 9)), (3, (-1, -1))] as [(Int, (Float, Float))] {
            (scales.pointer[2 * row], scales.pointer[2 * row + 1]) = pair
        }
        raw.writeSeen()
        let found = raw.tensors.map { ($0.scales.pointer[0], $0.scales.pointer[1]) }
        let expected: [(Double, Double)] = [
            (log(1e-4), log(4e-4)), (1, 1 - log(8)), (0, log(4)), (-1, -1),
        ]
        for (found, expected) in zip(found, expected) {
            #expect(abs(Double(found.0) - expected.0) < 1e-6 && abs(Double(found.1) - expected.1) < 1e-6)
        }
    }

    @Test("raw numbers follow what a rule writes, and what no rule touched keeps its bits")
    func rules() throws {
        let seen = parameters()
        let raw = try raw(seen, compander())
        let (matrix, behind) = (try tensor("matrix", of: raw).seen, try tensor("matrix", of: raw).raw)
        let before = (seen.values.elements(), raw.set.values.elements())
        try raw.adoptSeen()
        #expect(before == (seen.values.elements(), raw.set.values.elements()))
        matrix.pointer[3] = 0
        matrix.pointer[4] = 0.05
        seen.values.pointer[seen.count - 1] = 5
        try raw.adoptSeen()
        #expect(matrix.pointer[3] == 0 && behind.pointer[3] == 0)
        #expect(abs(matrix.pointer[4] - 0.05) < 1e-7)
        #expect(behind.pointer[5] == before.1[5])
        let after = seen.values.elements()
        raw.writeSeen()
        #expect(seen.values.elements() == after && after[seen.count - 1] == 5)
    }

    @Test("a value beyond the function's reach is refused by the tensor's name", arguments: [Float.nan, 1e9])
    func unreachable(value: Float) throws {
        let seen = parameters()
        let raw = try raw(seen, compander())
        try tensor("zeros", of: raw).seen.pointer[2] = value
        let error = #expect(throws: ReparameterisationError.self) { try raw.adoptSeen() }
        #expect(error?.description.contains("element 2 of zeros") ?? false)
        let other = parameters()
        other.values.pointer[1] = .nan
        #expect(throws: ReparameterisationError.self) { _ = try self.raw(other, compander()) }
    }

    @Test("what a checkpoint keeps brings back the same bits; with other values beside it, it is refused")
    func state() throws {
        let (seen, copy) = (parameters(), parameters())
        let (raw, other) = (try raw(seen, compander()), try raw(copy, compander()))
        TinyModel.addNoise(to: raw.set, standardDeviation: 0.02)
        raw.writeSeen()
        copy.values.copy(from: seen.values)
        #expect(raw.state.map(\.name).contains("matrix.alpha") && raw.state.map(\.name).contains("lengths.first"))
        for (target, source) in zip(other.state, raw.state) { target.values.copy(from: source.values) }
        try other.restored()
        #expect(copy.values.elements() == seen.values.elements())
        #expect(other.set.values.elements() == raw.set.values.elements())
        try tensor("one", of: other).raw.pointer[0] += 0.01
        #expect(throws: ReparameterisationError.self) { try other.restored() }
    }

    @Test("metrics count what is near zero and how far the largest weight is from its cap")
    func metrics() throws {
        let metrics = Dictionary(
            uniqueKeysWithValues: try raw(parameters(), compander()).metrics.map { ($0.name, $0.value) })
        // 6 zeros, 4 lengths at their first values, one scale that is 1; of 37 numbers.
        #expect(metrics["compander_near_zero"] == 11.0 / 37)
        #expect(abs((metrics["compander_largest"] ?? 0) - 1 / Double.pi) < 1e-6)
        #expect(abs((metrics["compander_steepness_matrix"] ?? 0) - 1.5) < 1e-6)
        #expect(abs((metrics["compander_cap_zeros"] ?? 0) - 0.05 * Double.pi / 2) < 1e-6)
        #expect(metrics["compander_saturated"] == 0)
    }
}
