import ArgumentParser
import CatenaAdapters
import CatenaModels
import Foundation

/// `catena export`.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write an adapter for other programs, or fold it into its model.",
        discussion: """
            peft    the adapter's own type for Hugging Face PEFT
            lora    a plain LoRA for PEFT, if the adapter has an exact form as one
            gguf    adapter.gguf for llama.cpp (--lora)
            merged  the whole model, float32, as a Hugging Face folder

            All but peft read the base model: the one the adapter names, unless --model is given.

            EXAMPLES:
              catena export --checkpoint runs/first/checkpoints/step-00000500 --format peft --output my-adapter
              catena export --adapter runs/first/adapter --format gguf --model models/smollm2 --output gguf
              catena export --adapter runs/first/adapter --format merged --output merged-model
            """)

    @OptionGroup var source: AdapterSource
    @Option(help: "peft, lora, gguf or merged.")
    var format: AdapterFormat
    @Option(
        help: ArgumentHelp("Folder to write; made if it does not exist.", valueName: "folder"), transform: expandedPath)
    var output: String
    @Option(
        help: ArgumentHelp("Base model: a Hugging Face folder or a .gguf file.", valueName: "path"),
        transform: expandedPath)
    var model: String?
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let folder = try source.folder()
        guard
            URL(fileURLWithPath: output).resolvingSymlinksInPath()
                != URL(fileURLWithPath: folder).resolvingSymlinksInPath()
        else { throw ValidationError("--output is the adapter's own folder; choose another one.") }
        try StagedFolder.requireWritable(output)
        var origin = try source.recordedFingerprint().map { AdapterOrigin(baseFingerprint: $0) }
        origin?.labels = try AdapterOrigin(folder: folder)?.labels
        guard format.needsModel else { return try AdapterExport.peft(adapter: folder, origin: origin, to: output) }

        let path = try source.model(model, folder: folder)
        let base = try LanguageModel.load(path, for: ModelPurpose(adapter: folder), engine: compute.engine())
        try base.loadAdapter(folder)
        base.printNotes()
        switch format {
        case .peft: break
        case .lora:
            try AdapterExport.lora(model: base, baseModel: BasePath.absolute(path), origin: origin, to: output)
        case .gguf:
            let staged = try StagedFolder(path: output)
            let name = URL(fileURLWithPath: folder).lastPathComponent
            try AdapterExport.gguf(model: base, name: name, to: staged.stagingPath + "/adapter.gguf")
            try base.requireUnchangedBeforeResult()
            try staged.commit()
        case .merged:
            for note in try MergedModel.write(base, source: path, to: output) { StandardError.write("note: \(note)\n") }
        }
    }
}

extension AdapterFormat: ExpressibleByArgument {}
