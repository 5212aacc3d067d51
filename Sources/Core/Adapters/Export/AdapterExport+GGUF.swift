import CatenaEngine
import CatenaFiles
package import CatenaModels

extension AdapterExport {
    /// Writes the adapters of `model` as a GGUF file for llama.cpp.
    ///
    /// Tensors are `blk.N.attn_q.weight.lora_a` `[rank, in]` and `.lora_b` `[out, rank]`, float32. llama.cpp scales by
    /// `adapter.lora.alpha / rank` with one alpha for all and each tensor's own rank, so alpha is the first layer's s · rank, and
    /// B is multiplied by s · rank / alpha where a layer's is another. Families whose files interleave the rotary halves of q and k
    /// have the rows of those B interleaved as well.
    ///
    /// - Source: llama.cpp `convert_lora_to_gguf.py` and `src/llama-adapter.cpp`.
    package static func gguf(model: LanguageModel, name: String, to path: String) throws {
        let layers = try folded(model, format: "gguf")
        // The alpha that llama.cpp sees is a float32; the others are measured by that one.
        let alpha = Double(Float(layers[0].lora.alpha))
        guard let family = ModelFamily.all.first(where: { $0.name == model.configuration.family }),
            let architecture = family.ggufArchitecture
        else {
            throw AdapterError.notRepresentable(
                format: "gguf", reason: "no GGUF architecture is known for the family \(model.configuration.family)")
        }
        var writer = GGUFWriter()
        writer.setMetadata("general.architecture", .string(architecture))
        writer.setMetadata("general.type", .string("adapter"))
        writer.setMetadata("general.name", .string(name))
        writer.setMetadata("adapter.type", .string("lora"))
        writer.setMetadata("adapter.lora.alpha", .float(alpha))
        for (linear, lora) in layers {
            let weight = linear.path + ".weight"
            guard let target = GGUFNames.name(of: weight) else {
                throw AdapterError.notRepresentable(format: "gguf", reason: "GGUF has no name for \(linear.path)")
            }
            let interleaves = family.ggufInterleavesRotary && GGUFNames.isRotated(weight)
            var b =
                interleaves
                ? interleaved(lora.b, headDimension: model.configuration.headDimension) : lora.b.elements()
            if lora.alpha != layers[0].lora.alpha {
                let ratio = Float(lora.alpha / alpha)
                for index in b.indices { b[index] *= ratio }
            }
            writer.append(target + ".lora_a", shape: [lora.a.rows, lora.a.columns], float32: lora.a.elements())
            writer.append(target + ".lora_b", shape: [lora.b.rows, lora.b.columns], float32: b)
        }
        try writer.write(to: path)
    }

    private static func interleaved(_ matrix: Tensor, headDimension: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(matrix.count)
        for row in 0..<matrix.rows {
            let source = GGUFNames.sourceRow(ofInterleaved: row, headDimension: headDimension)
            result += matrix.rows(source..<source + 1).elements()
        }
        return result
    }
}
