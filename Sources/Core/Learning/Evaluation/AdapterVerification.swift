import CatenaAdapters
import CatenaEngine
import CatenaFiles
package import CatenaModels
import Foundation

/// Checks that an adapter's files are sound and belong to a model.
package struct AdapterVerification {
    /// One thing that was checked and how it came out.
    package struct Finding: Sendable, Equatable {
        /// Short name of the check.
        package let check: String
        /// What was found.
        package let detail: String
        /// False if the adapter should not be used.
        package let isPassed: Bool
    }

    /// All checks in their order.
    package private(set) var findings: [Finding] = []
    /// Whether all passed.
    package var isPassed: Bool { findings.allSatisfy(\.isPassed) }

    /// Checks the PEFT adapter in `folder` against `model`, which must not carry an adapter yet and has it afterwards.
    ///
    /// - Parameter recordedFingerprint: the base's fingerprint as noted when the adapter was trained.
    /// - Throws: ``AdapterError`` or ``FileError`` if the adapter cannot be attached at all.
    package init(
        adapter folder: String, model: LanguageModel, baseFingerprint: String, recordedFingerprint: String?
    ) throws {
        if let recordedFingerprint {
            let isEqual = recordedFingerprint == baseFingerprint
            add(
                "base", isEqual,
                isEqual
                    ? "the base model's fingerprint is the recorded one"
                    : "the base model's fingerprint is \(baseFingerprint.prefix(12))…, recorded was \(recordedFingerprint.prefix(12))…"
            )
        }
        let probe = Self.probeInput(model.configuration)
        let before = Self.scores(probe, model)
        let trainable = try model.loadAdapter(folder, requiresFinite: false)
        add(
            "tensors", true,
            "\(trainable.parameters.count) tensors match \(Self.places(of: model)) in name and shape, "
                + "\(trainable.count) parameters")
        let wrong = trainable.parameters.filter { $0.value.elements().contains { !$0.isFinite } }
        add(
            "finite", wrong.isEmpty,
            wrong.first.map { "\(wrong.count) tensors hold NaN or infinity, first \($0.name)" }
                ?? "all numbers are finite")
        try checkRoundTrip(model, folder: folder)
        checkEffect(before, Self.scores(probe, model), model: model)
    }

    /// What the adapter is attached to.
    private static func places(of model: LanguageModel) -> String {
        let (linears, sublayers) = (model.adaptedLinears.count, model.attached?.sublayers.count ?? 0)
        return linears > 0 ? "\(linears) layers" : sublayers > 0 ? "\(sublayers) parts of layers" : "the model"
    }

    /// Random tokens in two short sequences.
    private static func probeInput(_ configuration: ModelConfiguration) -> ProbeInput {
        var generator = SeededGenerator(seed: 0, purpose: "verification")
        let length = min(16, configuration.maximumPositions)
        let ids = (0..<2 * length).map { _ in Int32(generator.next(below: configuration.vocabularySize)) }
        return ProbeInput(path: "probe", sequenceCount: 2, length: length, inputIds: ids)
    }

    private static func scores(_ input: ProbeInput, _ model: LanguageModel) -> [Float] {
        let hidden = model.hiddenStates(input.inputIds, layout: input.layout)
        return model.head.scores(hidden, layout: input.layout, engine: model.engine).elements()
    }

    private mutating func checkEffect(_ before: [Float], _ after: [Float], model: LanguageModel) {
        func isZero(_ factor: Tensor) -> Bool { factor.elements().allSatisfy { $0 == 0 } }
        var largest: Float = 0
        for (x, y) in zip(before, after) {
            largest = y.isFinite ? max(largest, abs(x - y)) : .infinity
        }
        let folded = model.adaptedLinears.compactMap { $0.adapter?.folded(engine: model.engine) }
        if !folded.isEmpty, folded.count == model.adaptedLinears.count,
            folded.allSatisfy({ isZero($0.a) || isZero($0.b) })
        {
            add("effect", largest == 0, "every update is zero: the adapter is untrained and changes nothing")
        } else {
            add(
                "effect", largest > 0 && largest.isFinite,
                largest > 0 && largest.isFinite
                    ? "the logits of a probe batch change by up to \(largest)"
                    : "the logits of a probe batch change by \(largest), expected a finite change")
        }
    }

    private mutating func checkRoundTrip(_ model: LanguageModel, folder: String) throws {
        let content = try AdapterFiles.content(of: model, baseModel: "")
        let staged = try StagedFolder(
            path: FileManager.default.temporaryDirectory.path + "/catena-verify-" + UUID().uuidString)
        try content.write(to: staged.stagingPath)
        let bytes = try content.writer.data()
        let values = model.attached?.parameters.map { $0.value.elements() } ?? []
        try model.attached?.read(
            AdapterTensorFile(folder: staged.stagingPath, type: content.configuration.type),
            configuration: content.configuration)
        let isSame =
            try AdapterFiles.content(of: model, baseModel: "").writer.data() == bytes
            && zip(model.attached?.parameters ?? [], values).allSatisfy {
                Self.bits($0.value.elements()) == Self.bits($1)
            }
        let original = unsafe try MappedFile(path: folder + "/" + PEFT.weightsFile).withBytes { unsafe Array($0) }
        add(
            "export", isSame,
            isSame
                ? "written and read again bit for bit" + (original == bytes ? ", the file equals the original" : "")
                : "the numbers change when written and read again")
    }

    private static func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    private mutating func add(_ check: String, _ isPassed: Bool, _ detail: String) {
        findings.append(Finding(check: check, detail: detail, isPassed: isPassed))
    }
}
