import CatenaModels

/// Layers of one block that share A and u because they read the same input: q, k and v together, else one layer alone.
///
/// A model that keeps q, k and v in one matrix (GPT-2) has one layer there, with the same count of parameters. Widths may
/// differ (grouped queries): each member has its own rows of B and of v.
///
/// - Source: Renduchintala et al. 2023, *Tied-LoRA*, arXiv:2311.09578, adapts one fused matrix [3d, d]; the row blocks for
///   separate matrices are ours.
struct TieGroup {
    /// In the order of a forward pass.
    private(set) var members: [Linear]

    /// The groups of `layers`, in the order of their first members.
    static func groups(of layers: [Linear]) -> [TieGroup] {
        var groups: [TieGroup] = []
        var places: [String: Int] = [:]
        for layer in layers {
            let key = layer.role.isAttentionInput ? parent(of: layer) : layer.path
            if let place = places[key] {
                groups[place].members.append(layer)
            } else {
                places[key] = groups.count
                groups.append(TieGroup(members: [layer]))
            }
        }
        return groups
    }

    /// `model.layers.0.self_attn.qkv`, or the path of the only member.
    var path: String { members.count == 1 ? members[0].path : Self.parent(of: members[0]) + ".qkv" }

    /// What stands for the path of a layer, or of a group, in all blocks: `tied.self_attn.q_proj` for
    /// `model.layers.0.self_attn.q_proj`.
    static func tiedPath(_ path: String) -> String {
        let parts = path.split(separator: ".")
        let block = parts.firstIndex { $0.allSatisfy(\.isNumber) }
        return (["tied"] + parts[(block.map { $0 + 1 } ?? 0)...]).joined(separator: ".")
    }

    private static func parent(of layer: Linear) -> String {
        layer.path.split(separator: ".").dropLast().joined(separator: ".")
    }
}
