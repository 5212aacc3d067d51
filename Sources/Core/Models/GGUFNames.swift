/// The names that GGUF files give to the tensors of Hugging Face models.
///
/// - Source: llama.cpp `gguf-py/gguf/constants.py` and `tensor_mapping.py`.
package enum GGUFNames {
    private static let modules = [
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm",
        "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
    ]

    /// The GGUF name of `model.layers.3.mlp.up_proj.weight`, say: `blk.3.ffn_up.weight`; nil if GGUF has none.
    package static func name(of huggingFaceName: String) -> String? {
        switch huggingFaceName {
        case "model.embed_tokens.weight": return "token_embd.weight"
        case "model.norm.weight": return "output_norm.weight"
        case "lm_head.weight": return "output.weight"
        default: break
        }
        let parts = huggingFaceName.split(separator: ".")
        guard parts.count >= 5, parts[0] == "model", parts[1] == "layers" else { return nil }
        let module = parts[3..<parts.count - 1].joined(separator: ".")
        return modules[module].map { "blk.\(parts[2]).\($0).\(parts[parts.count - 1])" }
    }

    /// Whether the rows of this tensor belong to rotated heads, which some families' files interleave.
    package static func isRotated(_ huggingFaceName: String) -> Bool {
        huggingFaceName.contains(".self_attn.q_proj.") || huggingFaceName.contains(".self_attn.k_proj.")
    }

    /// Row of the Hugging Face matrix that stands in row `row` of the interleaved one.
    ///
    /// Within a head of d rows, row 2j + t of the file is row t · d/2 + j of the model.
    package static func sourceRow(ofInterleaved row: Int, headDimension: Int) -> Int {
        let (head, within) = row.quotientAndRemainder(dividingBy: headDimension)
        return head * headDimension + (within % 2) * (headDimension / 2) + within / 2
    }

    /// The row of the interleaved matrix in which row `row` of the Hugging Face matrix stands: the reverse.
    package static func interleavedRow(of row: Int, headDimension: Int) -> Int {
        let (head, within) = row.quotientAndRemainder(dividingBy: headDimension)
        return head * headDimension + within % (headDimension / 2) * 2 + within / (headDimension / 2)
    }
}
