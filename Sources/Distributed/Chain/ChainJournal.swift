import CatenaAdapters
import Crypto
import CatenaFiles

/// A chain in a checkpoint, and back.
///
///     chain.safetensors       links.N.PATH.A and .B of every frozen link; present.NAME, the tensors that are trained now
///     state.json, `chain`     completed steps at each knot, rank and SHA-256 of each link, what a plateau is judged by
///
/// The checkpoint's `adapter_model.safetensors` is the whole chain as one plain LoRA, for other programs; nothing is read from it.
struct ChainJournal {
    static let fileName = "chain.safetensors"

    let chain: Chain
    let trained: Trained
    let course: RunCourse

    /// The tensors' file.
    func file() throws -> CheckpointFile {
        var writer = SafetensorsWriter()
        for (index, link) in chain.ledger.links.enumerated() { link.append(to: &writer, prefix: "links.\(index)") }
        trained.model.attached?.append(to: &writer, prefix: Self.present)
        return CheckpointFile(name: Self.fileName, bytes: try writer.data())
    }

    /// The value of `chain` in `state.json`.
    func state() throws -> JSONValue {
        .object([
            "knots": .array(chain.knots.map { .integer($0) }),
            "links": .array(
                try chain.ledger.links.map { link in
                    .object(["rank": .integer(link.rank), "sha256": .string(SHA256.hexadecimal(of: try link.data()))])
                }),
            "lowest_loss": chain.lowestLoss.map { .number($0) } ?? .null,
            "validations_without_improvement": .integer(chain.validationsWithoutImprovement),
        ])
    }

    /// Puts the links back into the model and gives it the present link's adapter with its values.
    ///
    /// - Throws: ``TrainingError/badState(checkpoint:reason:)`` when the files contradict each other.
    func restore(_ state: JSONDocument, bytes: [UInt8], path: String) throws {
        let file = try SafetensorsFile(bytes: bytes, path: path)
        let knots = try state.require("knots").ints()
        let sums = try state.require("links").elements().map { try $0.requireString("sha256") }
        guard sums.count == knots.count else {
            throw TrainingError.badState(checkpoint: path, reason: "\(knots.count) knots for \(sums.count) links")
        }
        for (index, sha256) in sums.enumerated() {
            let link = try ChainLink(file: file, prefix: "links.\(index)", model: trained.model)
            guard SHA256.hexadecimal(of: try link.data()) == sha256 else {
                throw TrainingError.badState(
                    checkpoint: path, reason: "link \(index + 1) has another SHA-256 than was noted")
            }
            chain.ledger.append(link)
        }
        chain.restore(
            knots: knots, lowestLoss: try state["lowest_loss"]?.double(),
            validationsWithoutImprovement: try state.requireInt("validations_without_improvement"))
        trained.go(on: trained.newState(try trained.attachAdapters(link: chain.linkIndex, of: chain)))
        try trained.prepareRule(course)
        do {
            try trained.model.attached?.restore(from: file, prefix: Self.present)
        } catch {
            throw TrainingError.badState(checkpoint: path, reason: "\(error)")
        }
    }

    private static let present = "present."
}
