import CatenaFiles
import CatenaSchema

extension PEFTForm {
    /// Bone: `init_weights` is true, false (which differs in the first values only) or "mini".
    ///
    /// - Source: peft `tuners/miss/config.py`, `MissConfig`.
    static let bone: PEFTForm = .init(
        type: "MISS",
        members: { configuration, _ in
            let mini = configuration.section.option("mini")?.integer
            return missMembers(configuration, variant: mini == nil ? .bool(true) : .string("mini"), mini: mini ?? 1)
        },
        section: { file in
            let variant = file["init_weights"]?.value.stringValue
            guard variant != "bat" else { return nil }
            var section = try missSection(file, method: .bone)
            if variant == "mini" { section.set("mini", .integer(try file.require("mini_r").adapterRank())) }
            return section
        })

    /// Bat: `init_weights` is "bat".
    static let bat: PEFTForm = .init(
        type: "MISS", members: { configuration, _ in missMembers(configuration, variant: .string("bat"), mini: 1) },
        section: { file in
            guard file["init_weights"]?.value.stringValue == "bat" else { return nil }
            return try missSection(file, method: .bat)
        })

    private static func missMembers(
        _ configuration: PEFTConfiguration, variant: JSONValue, mini: Int
    ) -> JSONObject {
        [
            "r": .integer(configuration.section.rank), "mini_r": .integer(mini), "init_weights": variant,
            "miss_dropout": .number(configuration.section.dropout), "modules_to_save": .null,
        ]
    }

    private static func missSection(
        _ file: JSONDocument, method: AdapterMethod
    ) throws -> AdapterSection {
        if let variant = file["init_weights"]?.value.stringValue, !["bat", "mini"].contains(variant) {
            throw AdapterError.unsupported(
                path: file.path, key: "init_weights", found: variant, supported: "true, false, mini, bat")
        }
        var section = method.defaultSection
        section.rank = try file.require("r").adapterRank()
        section.alpha = method.defaultAlpha(section.rank)
        section.dropout = try file["miss_dropout"]?.adapterDropout() ?? 0
        return section
    }
}
