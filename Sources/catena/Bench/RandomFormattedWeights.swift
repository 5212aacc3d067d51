import CatenaCore

/// Random weights in a chosen storage and arithmetic; of int8 codes the float32 numbers are not kept.
struct RandomFormattedWeights: WeightProvider {
    private let random: RandomWeights
    private let format: BaseFormat
    private let digits: Int8Weight.Digits?
    private let engine: Engine

    /// - Parameter digits: of int8 matrices; without it those that training gives each of them.
    init(format: BaseFormat, digits: Int8Weight.Digits? = nil, engine: Engine) {
        random = RandomWeights(seed: 0, memory: engine.memory)
        self.format = format
        self.digits = digits
        self.engine = engine
    }

    func vector(_ name: String, count: Int) throws -> Tensor { try random.vector(name, count: count) }

    func matrix(_ name: String, rows: Int, columns: Int, in block: ModelBlock) throws -> any FrozenWeight {
        let weight = try random.matrix(name, rows: rows, columns: columns, in: block)
        let digits = digits ?? Int8Weight.Digits(of: name, isHead: block == .head || block == .embedding)
        return format.convert(weight, digits: digits, engine: engine)
    }
}
