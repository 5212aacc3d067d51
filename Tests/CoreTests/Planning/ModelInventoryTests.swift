import CatenaAdapters
import CatenaLearning
import CatenaFiles
import CatenaModels
import Foundation
import Testing

@Suite("Sizes of a model")
struct ModelInventoryTests {
    private func inventory(_ shape: String, _ storage: TensorEncoding) throws -> ModelInventory {
        let configuration = try #require(try BenchmarkShape.configuration(shape))
        return try ModelInventory(
            configuration: configuration, storage: .encoding(storage), adapter: AdapterSection())
    }

    @Test("TinyLlama-1.1B and Llama-2-70B have the parameters that their publishers count")
    func parameterCounts() throws {
        #expect(try inventory("tinyllama-1.1b", .bfloat16).parameterCount == 1_100_048_384)
        #expect(try inventory("llama-70b", .bfloat16).parameterCount == 68_976_648_192)
    }

    @Test("blocks of Llama-2-70B, by hand")
    func blocks() throws {
        let model = try inventory("llama-70b", .bfloat16)
        // q and o 8192², k and v 1024 · 8192, gate, up and down 28672 · 8192
        let layer = 2 * 8192 * 8192 + 2 * 1024 * 8192 + 3 * 28672 * 8192
        #expect(layer == 855_638_016)
        #expect(model.layers.count == 80)
        #expect(model.layers.allSatisfy { $0.elements == layer && $0.storedBytes == 2 * layer })
        #expect(model.embedding.elements == 32000 * 8192)
        #expect(model.head == model.embedding)
        #expect(model.vectorElements == 161 * 8192)
        #expect(model.matrices.mappedElements == 0)
    }

    @Test("LoRA of rank 8 on every matrix has 8 (in + out) numbers for each")
    func adapter() throws {
        #expect(try inventory("tinyllama-1.1b", .bfloat16).trainableElements == 6_307_840)
        #expect(try inventory("llama-70b", .bfloat16).trainableElements == 103_546_880)
        #expect(try inventory("llama-70b", .bfloat16).adapterWidth == 7 * 8)
    }

    @Test("numbers that methods keep beside the trained ones, by hand")
    func keptElements() throws {
        let configuration = try #require(try BenchmarkShape.configuration("smollm2-135m"))
        func inventory(_ method: String) throws -> ModelInventory {
            try ModelInventory(
                configuration: configuration, storage: .encoding(.float32),
                adapter: try AdapterMethod.named(method).defaultSection)
        }
        // q, o: 576 + 576; k, v: 576 + 192; gate, up, down: 576 + 1536; in 30 layers.
        let sides = 30 * (2 * 1152 + 2 * 768 + 3 * 2112)
        for method in ["pissa", "olora", "lora-ga", "sorsa"] {
            let model = try inventory(method)
            #expect(model.adapterKeptElements == 8 * sides && model.adapterWidth == 7 * 16, "\(method)")
        }
        #expect(try inventory("adalora").adapterKeptElements == 2 * 12 * (sides + 210) + 12 * 210)
        #expect(try inventory("vera").adapterKeptElements == 256 * (1536 + 1536))
        let outputs = 30 * (2 * 576 + 2 * 192 + 2 * 1536 + 576)
        #expect(try inventory("dora").adapterKeptElements == 8 * sides + 2 * outputs)
        #expect(try inventory("dora").adapterWidth == 7 * 8 + outputs / 30)
        // Two of each size: 576², 192 · 576, 1536 · 576; 64 rows of 576 and of 1536 numbers.
        let bat = try inventory("bat")
        #expect(bat.adapterPassElements == 2 * 576 * (576 + 192 + 1536) + 64 * (576 + 1536))
        #expect(bat.adapterKeptElements == 0 && bat.adapterWidth == 0)
        let lora = try inventory("lora")
        #expect(lora.adapterKeptElements == 0 && lora.adapterPassElements == 0 && lora.adapterWidth == 7 * 8)
    }

    @Test("without an adapter everything is trained")
    func everything() throws {
        let configuration = try #require(try BenchmarkShape.configuration("tiny"))
        let model = try ModelInventory(configuration: configuration, storage: .encoding(.float32), adapter: nil)
        #expect(model.trainableElements == model.parameterCount)
    }

    @Test("a tied head is the embedding, counted once")
    func tied() throws {
        let model = try inventory("smollm2-135m", .float32)
        #expect(model.parameterCount == 134_515_008)
        #expect(model.head.elements == 0)
        #expect(model.projection == model.embedding)
        #expect(model.matrices.mappedElements == model.matrices.elements)
    }

    @Test("GPT-2 counts its position table and its biases")
    func gpt2() throws {
        let path = FileManager.default.temporaryDirectory.path + "/gpt2-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try """
        {"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024,
         "activation_function": "gelu_new", "tie_word_embeddings": true}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        let configuration = try ModelFamily.configuration(of: ModelDescription(configurationFile: path)).configuration
        let model = try ModelInventory(
            configuration: configuration, storage: .encoding(.float16), adapter: AdapterSection())
        #expect(model.parameterCount == 124_439_808)
        #expect(model.embedding.elements == (50257 + 1024) * 768)
    }

    @Test("an encoding in blocks that the rows do not fill is refused")
    func blocksThatDoNotFit() {
        #expect(
            throws: ModelError.encoding("q4_K", columns: 576, name: "model.embed_tokens.weight")
        ) { try inventory("smollm2-135m", .q4_K) }
    }
}
