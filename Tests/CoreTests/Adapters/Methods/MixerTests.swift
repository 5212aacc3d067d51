import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels
import CatenaSchema
import Testing

@Suite("MoSLoRA and LinChain")
struct MixerTests {
    private let targets = AdapterSection.Targets.names([
        "q_proj", "k_proj", "v_proj", "up_proj", "down_proj",
    ])

    private func values(
        _ method: String, rank: Int, _ options: [String: ConfigurationValue]
    ) throws -> (set: ParameterSet, mixers: [DoubleMatrix]) {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let section = try MethodTest.section(method, rank: rank, options)
        let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: model.engine.memory)
        let mixers = set.parameters.filter { $0.name.contains("lora_AB") || $0.name.contains("lora_mixer") }
        return (set, mixers.map { DoubleMatrix($0.value) })
    }

    @Test("LinChain without mixers is LoRA bit for bit, also in its gradients and under dropout")
    func noMixers() throws {
        let lora = try MethodTest.outcome(
            MethodTest.section("lora", rank: 3, dropout: 0.4), values: MethodTest.movedB)
        let chain = try MethodTest.outcome(
            MethodTest.section("linchain", rank: 3, dropout: 0.4, ["mixers": .integer(0)]), values: MethodTest.movedB)
        #expect(chain.logits == lora.logits)
        #expect(chain.gradients.map(\.name) == lora.gradients.map(\.name))
        #expect(chain.gradients.map(\.values) == lora.gradients.map(\.values))
    }

    @Test("identity mixers compute LoRA's bits", arguments: ["moslora", "linchain"])
    func identity(method: String) throws {
        let lora = try MethodTest.outcome(MethodTest.section("lora"), values: MethodTest.movedB)
        let mixed = try MethodTest.outcome(
            MethodTest.section(method, ["mixer": .text("identity")]), values: MethodTest.movedB)
        #expect(mixed.logits == lora.logits)
        let plain = Dictionary(uniqueKeysWithValues: lora.gradients.map { ($0.name, $0.values) })
        for (name, gradient) in mixed.gradients where name.contains("lora_A.") || name.contains("lora_B.") {
            #expect(gradient == plain[name], "\(name)")
        }
    }

    @Test("one mixer of LinChain computes what MoSLoRA does with the same numbers")
    func oneMixer() throws {
        func moved(_ parameter: Parameter) -> [Float]? {
            let isMixer = parameter.name.contains("lora_AB") || parameter.name.contains("lora_mixer")
            return isMixer ? tinyNormal(parameter.count, seed: 4) : MethodTest.movedB(parameter)
        }
        let one = try MethodTest.outcome(MethodTest.section("linchain", ["mixers": .integer(1)]), values: moved)
        let mixture = try MethodTest.outcome(MethodTest.section("moslora"), values: moved)
        #expect(one.logits == mixture.logits)
        #expect(one.gradients.map(\.values) == mixture.gradients.map(\.values))
    }

    @Test("the published counts, from the shapes of Llama-3-8B and Llama-2-7B")
    func counts() throws {
        func count(_ method: String, rank: Int, _ options: [String: ConfigurationValue] = [:]) throws -> Int {
            try MethodTest.llama3(MethodTest.section(method, rank: rank, targets: targets, options))
        }
        #expect(try count("lora", rank: 16) == 28_311_552)
        #expect(try count("moslora", rank: 16) == 28_352_512)
        #expect(try count("moslora", rank: 16, ["mixer": .text("butterfly")]) == 28_311_552)
        #expect(try count("linchain", rank: 16) == 28_434_432)
        #expect(try count("linchain", rank: 16, ["mixers": .integer(4)]) == 28_475_392)
        #expect(try count("linchain", rank: 8, ["mixers": .integer(4)]) == 14_196_736)
        #expect(try count("linchain", rank: 8, ["mixers": .integer(0)]) == 14_155_776)
        let lora = try MethodTest.section("lora", rank: 8, targets: .names(["q_proj", "v_proj"]))
        #expect(try MethodTest.llama2(lora) == 4_194_304)
    }

    @Test("orthogonal mixers are orthogonal and differ; Kaiming ones lie in ±1/√r")
    func start() throws {
        let orthogonal = try values("linchain", rank: 7, [:]).mixers
        #expect(orthogonal.count == 3 * 14)
        for mixer in orthogonal {
            let error = mixer * mixer.transposed - .identity(7)
            #expect(error.values.allSatisfy { abs($0) < 1e-6 })
        }
        #expect(Set(orthogonal.map(\.floats)).count == orthogonal.count)
        let kaiming = try values("moslora", rank: 4, ["mixer": .text("kaiming")]).mixers.flatMap(\.values)
        #expect(
            kaiming.allSatisfy { abs($0) <= 0.5 } && kaiming.contains { $0 > 0.45 } && kaiming.contains { $0 < -0.45 })
        // The mean square of a uniform number in ±1/√r is 1/(3 r); 224 numbers estimate it to some percent.
        let meanSquare = kaiming.reduce(0) { $0 + $1 * $1 } / Double(kaiming.count)
        #expect(abs(meanSquare * 12 - 1) < 0.25)
    }

    @Test("mixers learn at A's rate and do not decay")
    func rates() throws {
        for method in ["moslora", "linchain"] {
            let set = try values(method, rank: 2, ["lora-plus-ratio": .number(16)]).set
            for parameter in set.parameters {
                let isB = parameter.name.hasSuffix("lora_B.weight")
                #expect(parameter.learningRateFactor == (isB ? 16 : 1), "\(parameter.name)")
                #expect(parameter.decays == (isB || parameter.name.hasSuffix("lora_A.weight")), "\(parameter.name)")
            }
        }
    }

    @Test("the butterfly needs an even rank and is not trained")
    func butterfly() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let odd = try MethodTest.section("moslora", rank: 3, ["mixer": .text("butterfly")])
        #expect {
            try model.attachAdapters(odd, seed: 1)
        } throws: {
            "\($0)".contains("adapter: rank is 3 with mixer: butterfly") && "\($0)".contains("an even rank")
        }
        #expect(model.adaptedLinears.isEmpty)
        let set = try values("moslora", rank: 2, ["mixer": .text("butterfly")]).set
        #expect(set.parameters.allSatisfy { !$0.name.contains("lora_AB") })
    }

    @Test("a configuration knows the mixers and refuses others")
    func configuration() throws {
        func parse(_ adapter: String) throws -> RunConfiguration {
            try RunConfiguration.parse(
                yaml: "model: m\nadapter: \(adapter)\ndata: {train: t}\ntraining: {steps: 1}\noutput: o\n",
                path: "run.yaml")
        }
        let section = try parse("{method: linchain, mixers: 4, mixer: kaiming}").adapter
        #expect(section?.option("mixers") == .integer(4) && section?.option("mixer") == .text("kaiming"))
        #expect {
            try parse("{method: linchain, mixer: butterfly}")
        } throws: {
            "\($0)".contains("adapter.mixer") && "\($0)".contains("one of orthogonal, kaiming, identity")
        }
        #expect(throws: ConfigurationError.self) { try parse("{method: linchain, mixers: -1}") }
        #expect(throws: ConfigurationError.self) { try parse("{method: lora, mixers: 2}") }
    }
}
