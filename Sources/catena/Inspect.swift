import ArgumentParser
import CatenaCore

/// `catena inspect`.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a model, adapter, checkpoint, run folder or tensor file holds.",
        discussion: """
            EXAMPLES:
              catena inspect models/smollm2
              catena inspect runs/first/adapter --tensors
              catena inspect runs/first/checkpoints/step-00000500 --json
            """)

    @Argument(help: ArgumentHelp("Folder, .gguf or .safetensors file.", valueName: "path"))
    var path: String
    @Flag(help: "List every tensor.")
    var tensors = false
    @Flag(help: "Print one JSON object, with every tensor.")
    var json = false

    func run() throws {
        let inspection = try Inspection(path: path)
        StandardOutput.write(
            json ? inspection.json.prettyText() : inspection.text(listsTensors: tensors || inspection.kind == .tensors))
    }
}
