/// Why a run could not start, go on or be resumed.
package enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The output folder holds another run and nothing was said about resuming.
    case outputInUse(path: String)
    /// Another job writes the output folder now; `holder` says which.
    case outputLocked(path: String, holder: String)
    /// `--resume DIR` names no checkpoint, or the folder has none that is valid.
    case nothingToResume(path: String)
    /// There are checkpoints, and none of them is whole; `newest` says what is wrong with the newest.
    case allDamaged(folder: String, newest: String)
    /// A process was started with another configuration than process 0.
    case ranksDiffer(processRank: Int, differences: [String])
    /// The checkpoint was made with another base model.
    case otherBase(checkpoint: String, expected: String, found: String)
    /// The checkpoint was made with a configuration that differs where it must not.
    case otherConfiguration(checkpoint: String, differences: [String])
    /// The checkpoint's data are not the run's data.
    case otherData(checkpoint: String)
    /// The checkpoint's content contradicts itself.
    case badState(checkpoint: String, reason: String)
    /// A key has a value that this version cannot run.
    case unsupported(key: String, value: String, supported: String)
    /// A loss or gradient stopped being a finite number.
    case notFinite(step: Int, processRank: Int, microBatch: Int, tensor: String)
    /// An update made a parameter or a part of the optimizer's state infinite or undefined.
    case stateNotFinite(step: Int, processRank: Int, tensor: String)
    /// A process did not agree to a knot of the chain; all have taken it back.
    case knotRefused(step: Int, link: Int, processRank: Int, reason: String)
    /// Processes that should hold the same bits do not; `processRanks` differ from most others in `tensor`, the first
    /// that differs.
    case diverged(step: Int, tensor: String, processRanks: [Int], worldSize: Int)
    /// Every loss weight of a step was zero.
    case nothingSupervised(step: Int)

    /// Whether the user has to change the command or the configuration rather than the world.
    package var isUsageError: Bool {
        switch self {
        case .outputInUse, .nothingToResume, .otherConfiguration, .ranksDiffer, .unsupported: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .outputInUse(let path):
            "output \(path) already holds a run; continue it with --resume auto, or give another output."
        case .outputLocked(let path, let holder):
            "output \(path) is in use by another job, \(holder); wait for its end or end it, or give another output."
        case .nothingToResume(let path):
            "\(path) holds no valid checkpoint to resume from; expected a step-… folder with a manifest; "
                + "start without --resume, or name another folder."
        case .allDamaged(let folder, let newest):
            "no checkpoint in \(folder) is whole; the newest: \(newest) Put a whole copy back, or begin anew with "
                + "another output."
        case .ranksDiffer(let processRank, let differences):
            "rank \(processRank) was started with another configuration than rank 0 (its value against rank 0's): "
                + differences.joined(separator: "; ") + "; start all ranks with the same command and files."
        case .otherBase(let checkpoint, let expected, let found):
            "\(checkpoint) belongs to a base model with fingerprint \(expected.prefix(12)), but the "
                + "configured model has \(found.prefix(12)); set model to the one the run began with."
        case .otherConfiguration(let checkpoint, let differences):
            "\(checkpoint) was made with another configuration (here against there): "
                + differences.joined(separator: "; ") + "; restore these keys or start a new output."
        case .otherData(let checkpoint):
            "\(checkpoint) was made with other training data, tokenizer or template than the run now has; "
                + "restore them or start a new output."
        case .badState(let checkpoint, let reason):
            "\(checkpoint) cannot be resumed: \(reason)."
        case .unsupported(let key, let value, let supported):
            "\(key) is \(value), which this version cannot run; expected \(supported)."
        case .notFinite(let step, let processRank, let microBatch, let tensor):
            "step \(step), rank \(processRank), micro-batch \(microBatch): \(tensor) is not a finite number; "
                + "nothing was updated and the last checkpoint is good; lower the learning rate or check the data."
        case .stateNotFinite(let step, let processRank, let tensor):
            "step \(step), rank \(processRank): the update made \(tensor) a value that is not a finite number; "
                + "it is not saved and the last checkpoint is good; lower the learning rate."
        case .knotRefused(let step, let link, let processRank, let reason):
            "knot \(link) after step \(step) was taken back on all ranks, because rank \(processRank) objected: "
                + "\(reason); the last checkpoint is good: check that rank's memory and libraries, then continue "
                + "with --resume auto."
        case .diverged(let step, let tensor, let processRanks, let worldSize):
            "step \(step): \(tensor) on \(processRanks.count == 1 ? "rank" : "ranks") "
                + processRanks.map(String.init).joined(separator: ", ")
                + " differs from \(worldSize == 2 ? "rank 0 (either may be wrong)" : "the other ranks"), expected equal bits; "
                + "nothing of this step is saved; check memory and libraries there, and continue with --resume auto."
        case .nothingSupervised(let step):
            "step \(step) has no position with a loss weight; check the data's labels."
        }
    }
}
