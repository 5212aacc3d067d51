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
        let inspection = try Inspection(path: path)
        StandardOutput.write(
            json ? inspection.json.prettyText() : inspection.text(listsTensors: tensors || inspection.kind == .tensors),
            asJSON: json)
    }
}
