import ArgumentParser
import CatenaLearning
import CatenaDistributed
import CatenaFiles
import Foundation

/// `catena inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model, adapter, checkpoint, run folder or tensor file holds.",
        discussion: """
            EXAMPLES:
              catena inspect models/smollm2
              catena inspect runs/first/adapter --tensors
              catena inspect runs/first/checkpoints/step-00000500 --json
              catena inspect models/smollm2 --count
              catena inspect config.json --count --method lora --rank 16 --set 'adapter.targets=[q_proj, v_proj]'
            """)

    @Argument(
        help: ArgumentHelp(
            "Folder, .gguf or .safetensors file; with --count a model or its config.json.", valueName: "path"),
        transform: expandedPath)
    var path: String
    @Flag(help: "List every tensor.")
    var tensors = false
    @Flag(help: "Print JSON, with every tensor.")
    var json = false
    @OptionGroup var counted: CountedAdapter

    func run() throws {
        if counted.count { return StandardOutput.write(try counted.report(path: path, asJSON: json), asJSON: json) }
        // A checkpoint is sound or it is not: every byte is compared with its manifest first.
        if FileManager.default.fileExists(atPath: path + "/" + CheckpointManifest.fileName) {
            _ = try CheckpointReader.load(path)
        }
        var inspection = try Inspection(path: path)
        if inspection.kind == .run { inspection.add("damaged_checkpoints", damagedCheckpoints()) }
        StandardOutput.write(
            json ? inspection.json.prettyText() : inspection.text(listsTensors: tensors || inspection.kind == .tensors),
            asJSON: json)
    }

    /// What is wrong with the checkpoints of a run; nil if nothing is.
    private func damagedCheckpoints() -> JSONValue? {
        let store = CheckpointStore(folder: path + "/checkpoints", createdBy: CatenaVersion.current)
        let reasons = store.steps().compactMap { step -> String? in
            do throws(CheckpointError) {
                _ = try CheckpointReader.load(store.path(step: step))
                return nil
            } catch {
                return "\(error)"
            }
        }
        return reasons.isEmpty ? nil : .array(reasons.map { .string($0) })
    }
}
