import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels

/// `catena probe`.
struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Compute logits, loss and gradients of a batch, to compare with other frameworks.",
        discussion: """
            The input holds input_ids and labels, int64 [B, T], labels not shifted and -100 where nothing is learned. The \
            output holds logits float32 [B, T, V], loss float32 [1] (mean over the positions with a target) and, with \
            --gradients, grad.<name> for each adapter tensor, named as Hugging Face PEFT names it. Dropout is off.

            An input that holds chosen_input_ids holds pairs of answers: chosen_ and rejected_ input_ids, labels and attention_mask \
            [P, T], and lengths [P]. The output holds policy_chosen_logps, policy_rejected_logps, reference_chosen_logps, \
            reference_rejected_logps (of the model without the adapter) and losses [P], and loss, their mean, of DPO with beta 0.1.

            With labels [B] a text has one label (int64) or number (float32) and the model a classification head: input_ids \
            are cut to lengths int64 [B] or by attention_mask, token_type_ids may be there, and the logits are [B, C].

            With images float32 [B, C, H, W] and labels int64 [B] the model is one of images, without an adapter: logits [B, C] and loss \
            are those of training, eval_logits those with the running statistics, and --gradients are those of every parameter.

            EXAMPLES:
              catena probe --model models/smollm2 --input batch.safetensors --output out.safetensors
              catena probe --model m --adapter a --gradients --input batch.safetensors --output out.safetensors
            """)

    @OptionGroup var models: ModelOptions
    @Option(
        help: ArgumentHelp("Safetensors file with input_ids and labels.", valueName: "file"), transform: expandedPath)
    var input: String
    @Option(help: ArgumentHelp("Safetensors file to write.", valueName: "file"), transform: expandedPath)
    var output: String
    @Flag(help: "Also write the gradients of the adapter's tensors.")
    var gradients = false
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        try DurableFile.requireWritable(output)
        if try ImageProbeInput.isHeld(by: input) { return try probeImages() }
        if gradients, models.adapter == nil {
            throw ValidationError("--gradients are those of an adapter; give --adapter.")
        }
        var purpose = try models.adapter.map { try ModelPurpose(adapter: $0) } ?? ModelPurpose()
        let task = try SequenceProbeInput.task(of: input)
        purpose.task = task ?? .languageModel
        let model = try LanguageModel.load(models.model, for: purpose, engine: compute.engine())
        if try PreferenceProbeInput.isHeld(by: input) { return try probePairs(model) }
        let trainable = try models.adapter.map { try model.loadAdapterWithoutDropout($0) }
        let probe = try probe(model, task, gradients ? trainable : nil)
        model.printNotes()
        try model.requireUnchangedBeforeResult()
        try probe.write(to: output)
    }

    private func probe(_ model: LanguageModel, _ task: Task?, _ trainable: ParameterSet?) throws -> Probe {
        guard task == nil else {
            return Probe(try SequenceProbeInput(path: input, model: model), model: model, trainable: trainable)
        }
        let batch = try ProbeInput(path: input, vocabularySize: model.configuration.vocabularySize)
        try model.requirePositions(batch.length)
        return Probe(batch, model: model, trainable: trainable)
    }

    private func probeImages() throws {
        guard models.adapter == nil else {
            throw ValidationError("\(input) holds images, and models of images have no adapters; leave --adapter out.")
        }
        let model = try LanguageModel.load(
            models.model, for: ModelPurpose(task: .classification), engine: compute.engine())
        let probe = ImageProbe(
            try ImageProbeInput(path: input, model: model), model: model, wantsGradients: gradients)
        model.printNotes()
        try model.requireUnchangedBeforeResult()
        try probe.write(to: output)
    }

    private func probePairs(_ model: LanguageModel) throws {
        let pairs = try PreferenceProbeInput(path: input, vocabularySize: model.configuration.vocabularySize)
        try model.requirePositions(pairs.length)
        let trainable = try models.adapter.map { try model.loadAdapterWithoutDropout($0) }
        model.printNotes()
        let probe = try PreferenceProbe(pairs, model: model, trainable: gradients ? trainable : nil)
        try model.requireUnchangedBeforeResult()
        try probe.write(to: output)
    }
}
