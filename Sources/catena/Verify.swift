import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaFiles
import CatenaModels
import CatenaReporting

/// `catena verify`.
struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check that an adapter is sound and belongs to its model.",
        discussion: """
            Checks the bytes of a checkpoint, that every tensor has the name and shape of a layer of the model, that all \
            numbers are finite, that the adapter changes the logits of a probe batch (or is untrained), and that writing it \
            and reading it again gives the same bits. Exit code 1 if a check fails.

            EXAMPLES:
              catena verify --adapter runs/first/adapter --model models/smollm2
              catena verify --checkpoint runs/first/checkpoints/step-00000500
            """)

    @OptionGroup var source: AdapterSource
    @Option(
        help: ArgumentHelp("Base model. (default: the one the adapter names)", valueName: "path"),
        transform: expandedPath)
    var model: String?
    @Flag(help: "Print one JSON object.")
    var json = false
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let folder = try source.folder()
        let path = try source.model(model, folder: folder)
        let base = try LanguageModel.load(path, for: ModelPurpose(adapter: folder), engine: compute.engine())
        let verification = try AdapterVerification(
            adapter: folder, model: base, baseFingerprint: BaseFingerprint.of(try WeightFiles.open(path)),
            recordedFingerprint: try source.recordedFingerprint())
        try base.requireUnchangedBeforeResult()
        show(verification)
        if !verification.isPassed { throw ExitCode(Failure.failed) }
    }

    private func show(_ verification: AdapterVerification) {
        if json {
            let checks = verification.findings.map { finding in
                JSONValue.object([
                    "check": .string(finding.check), "detail": .string(finding.detail),
                    "passed": .bool(finding.isPassed),
                ])
            }
            let result: JSONValue = ["passed": .bool(verification.isPassed), "checks": .array(checks)]
            return StandardOutput.write(json: result.compactText() + "\n")
        }
        if source.checkpoint != nil { StandardOutput.write("ok      manifest: every file has its recorded SHA-256\n") }
        for finding in verification.findings {
            StandardOutput.write(
                "\(finding.isPassed ? "ok    " : "FAILED")  \(PrintableText.escaped(name: "\(finding.check): \(finding.detail)"))\n"
            )
        }
        let failures = verification.findings.count { !$0.isPassed }
        if failures > 0 {
            StandardError.write(
                "catena: error: \(failures) of \(verification.findings.count) checks failed; do not use this adapter.\n"
            )
        }
    }
}
