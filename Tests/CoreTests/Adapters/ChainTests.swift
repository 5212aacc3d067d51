import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import Testing

/// A chain on the small model: links are made of adapters with noise in A and B, as after some training.
@Suite("Chain of links")
struct ChainTests {
    private let engine = Engine(threads: 1)

    private func logits(_ model: LanguageModel, _ batch: TinyBatch) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: model.engine).elements()
    }

    /// Freezes what the layers now carry as a link and gives them a fresh adapter.
    private func tie(
        _ ledger: ChainLedger, _ model: LanguageModel, rank: Int, trained: Bool, seed: UInt64,
        targets: AdapterSection.Targets = .allLinear
    ) throws -> ParameterSet {
        ledger.append(try ChainLink(folding: model))
        let set = ParameterSet(
            try model.attachAdapters(TinyModel.lora(rank: rank, targets: targets), seed: seed).parameters,
            memory: engine.memory)
        if trained { TinyModel.addNoise(to: set, standardDeviation: 0.2, seed: seed) }
        return set
    }

    /// A model with two links of ranks 2 and 1 and a trained adapter of rank 2.
    private func chained(
        _ form: ChainLedger.Form, targets: AdapterSection.Targets = .allLinear
    ) throws -> (model: LanguageModel, ledger: ChainLedger, set: ParameterSet) {
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        _ = try TinyModel.attach(TinyModel.lora(rank: 2, targets: targets), to: model)
        let ledger = ChainLedger(model: model, form: form)
        _ = try tie(ledger, model, rank: 1, trained: true, seed: 21, targets: targets)
        return (model, ledger, try tie(ledger, model, rank: 2, trained: true, seed: 22, targets: targets))
    }

    @Test("with links, A and B have the gradient of the loss", arguments: ChainLedger.Form.allCases)
    func gradients(form: ChainLedger.Form) throws {
        let (model, _, set) = try chained(form)
        let batch = TinyBatch(lengths: [4, 6], vocabulary: 13)
        let worst = GradientCheck.worst(set, gradients: { batch.run(model) }) { batch.run(model).sum }
        #expect(worst.error < 5e-3, "\(worst)")
    }

    @Test("recomputing blocks with links gives the same bits")
    func recompute() throws {
        let (model, _, set) = try chained(.ledger)
        let batch = TinyBatch(lengths: [7, 12], vocabulary: 13)
        var gradients: [[Float]] = []
        for recompute in GradientPass.Recompute.allCases {
            set.gradients.fill(0)
            batch.run(model, recompute: recompute)
            gradients.append(set.gradients.elements())
        }
        #expect(gradients[0] == gradients[1])
        #expect(gradients[0].contains { $0 != 0 })
    }

    @Test("a knot does not change the function", arguments: ChainLedger.Form.allCases, ["llama", "gpt2"])
    func continuity(form: ChainLedger.Form, family: String) throws {
        let (model, vocabulary) =
            family == "llama"
            ? (try TinyModel.make(engine: engine), 13)
            : (try LanguageModel.load(ParityCase.root + "/Tests/Fixtures/parity/gpt2/model", engine: engine), 40)
        let batch = TinyBatch(lengths: [5, 6], vocabulary: vocabulary)
        let plain = logits(model, batch)
        let adapters = try TinyModel.attach(TinyModel.lora(rank: 2), to: model)
        let before = logits(model, batch)
        let ledger = ChainLedger(model: model, form: form)
        let next = try tie(ledger, model, rank: 3, trained: false, seed: 30)
        // Float32 sums in another order.
        #expect(normwiseError(logits(model, batch), before) < 2e-6)
        #expect(normwiseError(before, plain) > 1e-2)
        #expect(ledger.sidePathCount == (form == .ledger ? model.linears.count : 0))
        // The new adapter begins as one of its own does.
        #expect(next.count == adapters.count / 2 * 3)
        for parameter in next.parameters {
            #expect(parameter.value.elements().allSatisfy { $0 == 0 } == parameter.name.hasSuffix("lora_B.weight"))
        }
    }

    @Test("taking a link away restores every bit", arguments: ChainLedger.Form.allCases)
    func removal(form: ChainLedger.Form) throws {
        let (model, ledger, _) = try chained(form)
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        let before = logits(model, batch)
        let weights = model.linears.map { $0.currentWeight(engine.memory).elements() }
        let adapters = model.linears.map(\.adapter)
        _ = try tie(ledger, model, rank: 4, trained: true, seed: 31)
        #expect(logits(model, batch) != before)
        try ledger.removeLast()
        for (linear, adapter) in zip(model.linears, adapters) { linear.adapter = adapter }
        #expect(logits(model, batch) == before)
        #expect(model.linears.map { $0.currentWeight(engine.memory).elements() } == weights)
        while !ledger.links.isEmpty { try ledger.removeLast() }
        let fresh = try TinyModel.make(engine: engine, TinyModel.everyOption)
        #expect(
            model.linears.map { $0.currentWeight(engine.memory).elements() }
                == fresh.linears.map { $0.currentWeight(engine.memory).elements() })
    }

    @Test("the layers' matrices are W + Σ s B A", arguments: ChainLedger.Form.allCases)
    func matrices(form: ChainLedger.Form) throws {
        let plain = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        _ = try TinyModel.attach(TinyModel.lora(rank: 2), to: model)
        let adapter = try #require(model.linears[5].adapter as? LoRA)
        let ledger = ChainLedger(model: model, form: form)
        _ = try tie(ledger, model, rank: 1, trained: false, seed: 21)
        let (found, weight) = (
            model.linears[5].currentWeight(engine.memory), plain.linears[5].currentWeight(engine.memory)
        )
        for row in 0..<found.rows {
            for column in 0..<found.columns {
                var expected = Double(weight.pointer[row * found.columns + column])
                for k in 0..<2 {
                    expected +=
                        adapter.scaling * Double(adapter.b.value.pointer[row * 2 + k])
                        * Double(adapter.a.value.pointer[k * found.columns + column])
                }
                #expect(abs(Double(found.pointer[row * found.columns + column]) - expected) < 1e-6)
            }
        }
    }

    @Test("merging does not depend on threads or on where the matrix is cut, and leaves the given matrix as it was")
    func mergeBits() throws {
        let (rows, columns, rank) = (67, 45, 5)
        let w = tinyNormal(rows * columns, seed: 1)
        var results: [[Float]] = []
        for threads in [1, 2] {
            let engine = Engine(threads: threads)
            let update = LowRankUpdate(
                a: engine.memory.tensor(tinyNormal(rank * columns, seed: 2), rows: rank, columns: columns),
                b: engine.memory.tensor(tinyNormal(rows * rank, seed: 3), rows: rows, columns: rank))
            let given = engine.memory.tensor(w, rows: rows, columns: columns)
            let weight = Float32Weight(given)
            weight.merge(update, engine: engine)
            #expect(given.elements() == w)
            results.append(weight.dequantised(engine.memory).elements())
            let parts = engine.memory.tensor(w, rows: rows, columns: columns)
            for range in [0..<100, 100..<101, 101..<2222, 2222..<rows * columns] {
                update.add(elements: range, to: parts.pointer + range.lowerBound)
            }
            results.append(parts.elements())
            weight.restore(merging: [], engine: engine)
            #expect(weight.dequantised(engine.memory).elements() == w)
        }
        #expect(results.allSatisfy { $0 == results[0] })
        #expect(results[0] != w)
    }

    @Test("the export is one LoRA of the summed rank with every link's numbers, also above a layer's size")
    func export() throws {
        let (model, ledger, set) = try chained(.ledger)
        let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)
        // Layers of 8 x 8 and smaller: 2 + 1 + 2 + 4 = 9.
        _ = try tie(ledger, model, rank: 4, trained: true, seed: 41)
        let layers = try ledger.concatenated()
        #expect(layers.map(\.path) == model.linears.map(\.path))
        for (index, layer) in layers.enumerated() {
            #expect(layer.update.rank == 9)
            var start = 0
            for link in ledger.links {
                let own = link.updates[index].update
                #expect(layer.update.a.rows(start..<start + link.rank).elements() == own.a.elements())
                for row in 0..<own.b.rows {
                    let found = layer.update.b.rows(row..<row + 1).elements()[start..<start + link.rank]
                    #expect(Array(found) == own.b.rows(row..<row + 1).elements())
                }
                start += link.rank
            }
        }
        let folder = try TinyFolder()
        let content = try AdapterFiles.loraContent(of: model, chain: layers, baseModel: "m")
        #expect(content.configuration.section.rank == 9 && content.configuration.section.alpha == 9)
        try content.write(to: folder.path)
        let loaded = try TinyModel.make(engine: engine, TinyModel.everyOption)
        try loaded.loadAdapter(folder.path)
        #expect(normwiseError(logits(loaded, batch), logits(model, batch)) < 2e-6)
        #expect(set.count > 0)
    }

    @Test("a link is the same after it was written and read; a missing tensor is named")
    func bytes() throws {
        let (model, ledger, _) = try chained(.ledger, targets: .names(["q_proj", "v_proj"]))
        let data = try ledger.links[0].data()
        let link = try ChainLink(data: data, path: "link", model: model)
        #expect(try link.data() == data)
        #expect(try ledger.links[1].data() != data)
        var writer = SafetensorsWriter()
        ledger.links[1].append(to: &writer, prefix: "links.1")
        let file = try SafetensorsFile(bytes: try writer.data(), path: "chain.safetensors")
        #expect(throws: Never.self) { try ChainLink(file: file, prefix: "links.1", model: model) }
        #expect {
            try ChainLink(file: file, prefix: "links.0", model: model)
        } throws: {
            "\($0)".contains("chain.safetensors: tensors links.0.model.layers.0.self_attn.q_proj.A")
        }
    }

    @Test("an adapter without an exact form as LoRA is no link")
    func noFold() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try TinyModel.attach(TinyModel.lora(), to: model)
        model.linears[3].adapter = Unfoldable()
        #expect {
            try ChainLink(folding: model)
        } throws: {
            "\($0)".contains("link of a chain") && "\($0)".contains(model.linears[3].path)
        }
    }
}

/// An adapter that changes nothing and says that it has no form as LoRA.
private final class Unfoldable: LinearAdapter {
    func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable { layer.base(x, on: tape) }
    func merged(into weight: Tensor, engine: Engine) -> Tensor { weight }
    func folded(engine: Engine) -> FoldedLoRA? { nil }
}
