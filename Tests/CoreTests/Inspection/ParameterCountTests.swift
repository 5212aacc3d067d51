import CatenaAdapters
import CatenaLearning
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

/// A number of trained parameters that a paper or its tables give.
struct PublishedCount: Sendable, CustomStringConvertible {
    let method: String
    let shape: String
    let rank: Int
    let targets: [String]?
    var options: [String: ConfigurationValue] = [:]
    let count: Int

    var description: String { "\(count): \(method) of rank \(rank), \(shape)" }

    private static let commonsense = ["q_proj", "k_proj", "v_proj", "up_proj", "down_proj"]

    static let all = [
        // Hu et al. 2021 (r = 8 on q and v); the commonsense tables of MoSLoRA and LinChain (28.31M)
        PublishedCount(method: "lora", shape: "llama-2-7b", rank: 8, targets: ["q_proj", "v_proj"], count: 4_194_304),
        PublishedCount(method: "lora", shape: "opt-1.3b", rank: 8, targets: ["q_proj", "v_proj"], count: 1_572_864),
        PublishedCount(method: "lora", shape: "llama-3-8b", rank: 16, targets: commonsense, count: 28_311_552),
        // The MiSS paper's table 5 (89.9M, 87.0M), all linear layers
        PublishedCount(method: "lora", shape: "llama-2-7b", rank: 36, targets: nil, count: 89_948_160),
        PublishedCount(method: "bone", shape: "llama-2-7b", rank: 64, targets: nil, count: 87_031_808),
        PublishedCount(method: "moslora", shape: "llama-3-8b", rank: 16, targets: commonsense, count: 28_352_512),
        PublishedCount(
            method: "linchain", shape: "llama-3-8b", rank: 8, targets: commonsense, options: ["mixers": .integer(4)],
            count: 14_196_736),
        // Tied-LoRA's TL6 of rank 8: 12.5 % of 4,194,304
        PublishedCount(
            method: "tied-lora", shape: "llama-2-7b", rank: 8, targets: ["q_proj", "k_proj", "v_proj"],
            options: ["preset": .text("tl6")], count: 524_544),
        // SORSA's tables (320M), r = 128
        PublishedCount(method: "sorsa", shape: "llama-2-7b", rank: 128, targets: nil, count: 319_844_352),
        PublishedCount(method: "pissa", shape: "llama-2-7b", rank: 128, targets: nil, count: 319_815_680),
        // 28,311,552 and a magnitude for each output of the five matrices
        PublishedCount(method: "dora", shape: "llama-3-8b", rank: 16, targets: commonsense, count: 29_097_984),
    ]

    /// Those whose method there is.
    static let known = all.filter { row in AdapterMethod.all.contains { $0.name == row.method } }

    func section() throws -> AdapterSection {
        var section = try AdapterMethod.named(method).defaultSection
        section.rank = rank
        section.targets = targets.map { .names($0) } ?? .allLinear
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        return section
    }
}

@Suite("Trained parameters from shapes")
struct ParameterCountTests {
    private static func shape(_ name: String) throws -> ModelConfiguration {
        try ModelFamily.configuration(at: ParityCase.root + "/Tests/Fixtures/shapes/\(name).json")
    }

    @Test("published numbers", arguments: PublishedCount.known)
    func published(row: PublishedCount) throws {
        let section = try row.section()
        for option in row.options.keys {
            #expect(section.option(option) != nil, "\(row.method) has no option \(option)")
        }
        let count = try ParameterCount(model: try Self.shape(row.shape), section: section)
        #expect(count.trainedParameters == row.count)
    }

    @Test("the models have the parameters that their publishers count")
    func models() throws {
        for (name, expected) in [
            ("llama-2-7b", 6_738_415_616), ("llama-3-8b", 8_030_261_248), ("opt-1.3b", 1_315_758_080),
        ] {
            let count = try ParameterCount(model: try Self.shape(name), section: .init())
            #expect(count.modelParameters == expected)
        }
    }

    @Test("places are in the order of a layer, with their shapes")
    func places() throws {
        var section = AdapterSection()
        section.targets = .names(["q_proj", "down_proj"])
        let count = try ParameterCount(model: try Self.shape("llama-3-8b"), section: section)
        #expect(count.places.map(\.name) == ["self_attn.q_proj", "mlp.down_proj"])
        #expect(count.places.map(\.layerCount) == [32, 32])
        #expect(count.places.map(\.elements) == [32 * 8 * 8192, 32 * 8 * (4096 + 14336)])
        #expect(count.places[1].tensors.map(\.name) == ["lora_A.weight", "lora_B.weight"])
        #expect(count.places[1].tensors.map(\.shape) == [[8, 14336], [4096, 8]])
        #expect(count.json["trained_parameters"] == .integer(count.trainedParameters))
        #expect(count.text.contains("32 x lora_A.weight [8, 4096], lora_B.weight [4096, 8]"))
        #expect(count.percentage == "0.0849 %")
    }

    @Test("a model without an adapter trains every module once")
    func everything() throws {
        let inventory = try ModelInventory(
            configuration: try Self.shape("opt-1.3b"), storage: .encoding(.float32), adapter: nil)
        #expect(inventory.trainableElements == inventory.parameterCount)
        let places = inventory.trained.map(\.name)
        #expect(places.first == "model.decoder.embed_tokens")
        #expect(places.last == "model.decoder.final_layer_norm")
        #expect(inventory.trained.first { $0.name == "fc1" }?.tensors.map(\.name) == ["weight", "bias"])
        #expect(inventory.trained.first { $0.name == "fc1" }?.elements == 24 * (8192 * 2048 + 8192))
    }

    @Test("a folder without weights, a file and a GGUF are shapes; anything else is refused")
    func paths() throws {
        let folder = try TinyFolder()
        _ = try folder.write(
            "config.json",
            try String(contentsOfFile: ParityCase.root + "/Tests/Fixtures/shapes/opt-1.3b.json", encoding: .utf8))
        #expect(try ModelFamily.configuration(at: folder.path) == Self.shape("opt-1.3b"))
        #expect(throws: FileError.missing(path: "/nowhere")) { try ModelFamily.configuration(at: "/nowhere") }
        let empty = try TinyFolder()
        #expect(throws: FileError.missing(path: empty.path + "/config.json")) {
            try ModelFamily.configuration(at: empty.path)
        }
    }
}

@Suite("What methods are")
struct MethodTraitsTests {
    @Test("every method can be made for a small model and says how it leaves", arguments: AdapterMethod.all.map(\.name))
    func traits(name: String) throws {
        let method = try AdapterMethod.named(name)
        let traits = try method.traits()
        #expect(traits.exports.contains(.lora) == method.hasLoRAForm)
        #expect(traits.exports.contains(.merged) == (traits.kind != .sublayers))
        #expect(!method.parameterFormula.contains("\n") && !method.summary.contains("\n"))
        #expect(method.summary.count <= 90, "\(method.summary.count) characters")
    }
}
