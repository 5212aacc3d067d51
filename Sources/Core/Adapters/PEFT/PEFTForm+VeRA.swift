import CatenaFiles
import CatenaSchema

extension PEFTForm {
    /// VeRA, with its random matrices in the file.
    ///
    /// - Source: peft `tuners/vera/config.py`, `VeraConfig`, and `model.py` (`base_model.vera_A`, `base_model.vera_B`).
    static let vera: PEFTForm = PEFTForm(
        type: "VERA",
        members: { configuration, _ in
            let section = configuration.section
            return [
                "r": .integer(section.rank), "vera_dropout": .number(section.dropout),
                "d_initial": .shortest(section.option("d-initial")?.number ?? 0.1),
                "projection_prng_key": .integer(0), "save_projection": .bool(true), "init_weights": .bool(true),
                "fan_in_fan_out": .bool(configuration.storesTransposed), "modules_to_save": .null,
            ]
        },
        section: { file in
            guard try file["save_projection"]?.bool() ?? true else {
                throw AdapterError.unsupported(
                    path: file.path, key: "save_projection", found: "false, so the random matrices are not in the file",
                    supported: "true")
            }
            var section = AdapterMethod.veRA.defaultSection
            section.rank = try file.require("r").adapterRank()
            section.alpha = AdapterMethod.veRA.defaultAlpha(section.rank)
            section.dropout = try file["vera_dropout"]?.adapterDropout() ?? 0
            section.set("d-initial", .number(try file["d_initial"]?.adapterAlpha() ?? 0.1))
            return section
        },
        tensors: { adapter in adapter.buffers.map(AdapterTensor.init) + adapter.methodParameters.map(AdapterTensor.init)
        },
        expected: { adapter, _ in
            adapter.buffers.map(AdapterTensor.init) + adapter.methodParameters.map(AdapterTensor.init)
        })
}
