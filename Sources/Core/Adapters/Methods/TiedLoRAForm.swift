import CatenaSchema

/// Which of Tied-LoRA's tensors A, B, u, v the layers share and which are trained.
///
///     B trained              A random, B = 0, u = 1, v = 1     first only dB is not zero
///     B frozen, v trained    A, B random, u = 1, v = 0         first only dv
///     B, v frozen, u trained A, B random, u = 0, v = 1         first only du
///
/// In each case ΔW is zero at the start and something learns; other choices are refused. The table of the paper's TL1 to TL4
/// was not found, so these names do not exist here.
struct TiedLoRAForm: Sendable, Equatable {
    /// What is done with one tensor.
    enum Choice: String, CaseIterable, Sendable {
        case layerTrained = "layer-trained"
        case layerFrozen = "layer-frozen"
        case tiedTrained = "tied-trained"
        case tiedFrozen = "tied-frozen"

        /// Whether all layers of a tie group have the same.
        var isTied: Bool { self == .tiedTrained || self == .tiedFrozen }
        var isTrained: Bool { self == .layerTrained || self == .tiedTrained }
    }

    var a, b, u, v: Choice

    /// The names of `preset`, with what they stand for.
    static let presets: [(name: String, form: TiedLoRAForm)] = [
        ("tl6", .init(a: .tiedTrained, b: .tiedTrained, u: .layerTrained, v: .layerTrained)),
        ("tl5", .init(a: .tiedTrained, b: .tiedTrained, u: .layerFrozen, v: .layerFrozen)),
        ("tied-ab", .init(a: .tiedTrained, b: .tiedTrained, u: .layerFrozen, v: .layerFrozen)),
        ("vectors", .init(a: .tiedFrozen, b: .tiedFrozen, u: .layerTrained, v: .layerTrained)),
        ("tied-a", .init(a: .tiedTrained, b: .layerTrained, u: .layerFrozen, v: .layerFrozen)),
        ("tied-b", .init(a: .layerTrained, b: .tiedTrained, u: .layerFrozen, v: .layerFrozen)),
        ("lora", .init(a: .layerTrained, b: .layerTrained, u: .layerFrozen, v: .layerFrozen)),
    ]

    /// What the preset says about a tensor.
    static let asPreset = "preset"

    /// The options of a section.
    ///
    /// - Throws: ``AdapterError/unsupported(path:key:found:supported:)`` if ΔW would not start at zero or nothing would learn.
    init(_ section: AdapterSection) throws(AdapterError) {
        let preset = section.option("preset")?.text
        var form = (Self.presets.first { $0.name == preset } ?? Self.presets[0]).form
        for (name, path) in Self.tensors {
            if let choice = section.option(name)?.text.flatMap(Choice.init) { form[keyPath: path] = choice }
        }
        guard form.b.isTrained || form.u.isTrained || form.v.isTrained else {
            throw .unsupported(
                path: "adapter", key: "method tied-lora",
                found: Self.tensors.map { "\($0): \(form[keyPath: $1].rawValue)" }.joined(separator: ", "),
                supported: "b, u or v trained, so that ΔW can begin at zero and leave it")
        }
        self = form
    }

    private init(a: Choice, b: Choice, u: Choice, v: Choice) { (self.a, self.b, self.u, self.v) = (a, b, u, v) }

    private static var tensors: [(String, WritableKeyPath<TiedLoRAForm, Choice>)] {
        [("a", \.a), ("b", \.b), ("u", \.u), ("v", \.v)]
    }

    /// What u begins with.
    var firstU: Float { b.isTrained || v.isTrained ? 1 : 0 }
    /// What v begins with.
    var firstV: Float { !b.isTrained && v.isTrained ? 0 : 1 }

    /// The options in a configuration.
    static var options: [AdapterOption] {
        [
            .init(
                "preset", .choice(presets.map(\.name)), default: .text(presets[0].name),
                summary: "what is tied and trained: " + presets.map(\.name).joined(separator: ", "))
        ]
            + tensors.map { name, _ in
                .init(
                    name, .choice([asPreset] + Choice.allCases.map(\.rawValue)), default: .text(asPreset),
                    summary: "\(name), where it is not as in the preset")
            }
    }
}
