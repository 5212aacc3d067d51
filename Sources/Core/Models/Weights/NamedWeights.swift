import CatenaEngine
import CatenaFiles

/// Notes the names of what a model asks for, and gives it nothing.
private final class NamedWeights: WeightStore {
    private(set) var names: Set<String> = []
    private let nothing = TensorMemory().zeros(rows: 1, columns: 1)

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        names.insert(name)
        return nothing
    }

    func matrix(
        _ name: String, rows: Int, columns: Int, role: Role, in block: BlockID
    ) throws -> any FrozenWeight {
        names.insert(name)
        return ZeroWeight(outFeatures: rows, inFeatures: columns, storedBytes: 0)
    }
}

extension ModelFamily {
    /// Checks that the files of a family with blocks of its own hold nothing that such a model does not have: a tensor more is a block
    /// that the configuration leaves out, and what is computed without it is wrong.
    ///
    /// - Throws: ``ModelError/invalidConfiguration(path:reason:)``.
    func requireNoOtherTensors(in files: WeightFiles, _ configuration: ModelConfiguration) throws {
        guard let blocks, let head = configuration.sequenceHead else { return }
        let asked = NamedWeights()
        _ = try blocks(configuration, asked, Engine(threads: 1))
        let known = asked.names.union(head.modules.flatMap { [$0 + ".weight"] + (head.hasBias ? [$0 + ".bias"] : []) })
        let names = TensorNames(configuration, isGGUF: false)
        let others = (Array(files.tensors.keys) + files.unreadable.keys)
            .filter { !known.contains($0) && !names.isNeedless($0) }
        guard let first = others.min() else { return }
        throw ModelError.invalidConfiguration(
            path: files.path,
            reason: "it holds \(first), which the \(name) of its config.json does not have")
    }
}
