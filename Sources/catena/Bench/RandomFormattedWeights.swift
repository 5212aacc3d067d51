import CatenaEngine
import CatenaModels

/// Random weights in a chosen storage and arithmetic; of int8 codes the float32 numbers are not kept.
struct RandomFormattedWeights: WeightStore {
    private let random: RandomWeights
    private let format: BaseFormat
    private let engine: Engine

    init(format: BaseFormat, engine: Engine) {
        random = RandomWeights(seed: 0, memory: engine.memory)
        self.format = format
        self.engine = engine
    }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor { try random.tensor(name, shape: shape) }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        let weight = try random.matrix(name, rows: rows, columns: columns, role: role, in: block)
        return format.convert(weight, role: role, engine: engine)
    }
}
