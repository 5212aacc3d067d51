import CatenaAdapters
import CatenaFiles
import Foundation

extension Inspection {
    static func adapter(_ path: String) throws -> Inspection {
        var result = Inspection(kind: .adapter, path: path)
        result.add("format", "PEFT")
        try result.addAdapter(path)
        return result
    }

    private mutating func addAdapter(_ folder: String) throws {
        let json = try JSONDocument.read(path: folder + "/" + PEFT.configurationFile).value
        for key in [
            "peft_type", "r", "lora_alpha", "use_rslora", "lora_dropout", "target_modules", "base_model_name_or_path",
        ] {
            add(key, json[key])
        }
        add("base_fingerprint", try AdapterOrigin(folder: folder)?.baseFingerprint.map { .string($0) })
        describe(try AdapterTensorFile(folder: folder, type: PEFTForm.own.type).tensors.values)
        add("layers", Set(tensors.map { $0.name.components(separatedBy: ".lora_")[0] }).count)
    }

    static func checkpoint(_ path: String) throws -> Inspection {
        var result = Inspection(kind: .checkpoint, path: path)
        let manifest = try JSONDocument.read(path: path + "/manifest.json")
        result.add("step", try manifest.requireInt("step"))
        result.add("format_version", manifest["formatVersion"]?.value)
        result.add("created_by", manifest["createdBy"]?.value)
        let files = try manifest.require("files").elements()
        result.add("files", .array(files.compactMap { $0["name"]?.value }))
        result.add("file_bytes", try files.reduce(0) { try $0 + $1.requireInt("byteCount") })
        for file in files {
            let (name, expected) = (try file.requireString("name"), try file.requireInt("byteCount"))
            let actual = try MappedFile(path: path + "/" + name).byteCount
            guard actual == expected else {
                throw FileError.truncated(
                    path: path + "/" + name, what: "what the manifest lists", neededBytes: expected, actualBytes: actual
                )
            }
        }
        if FileManager.default.fileExists(atPath: path + "/" + PEFT.configurationFile) { try result.addAdapter(path) }
        return result
    }

    static func run(_ path: String) throws -> Inspection {
        var result = Inspection(kind: .run, path: path)
        let manager = FileManager.default
        if manager.fileExists(atPath: path + "/metrics.jsonl") {
            let bytes = try InputFile.contents(of: path + "/metrics.jsonl", limit: .none)
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            result.add("metrics_lines", lines.count)
            if let last = lines.last, let json = try? JSONValue.parse(String(last), path: path + "/metrics.jsonl") {
                for key in ["step", "loss", "tokens", "tokens_per_second", "resident_bytes"] {
                    result.add("last." + key, json[key])
                }
            }
        }
        let checkpoints = ((try? manager.contentsOfDirectory(atPath: path + "/checkpoints")) ?? []).sorted()
            .filter { $0.hasPrefix("step-") && !$0.hasSuffix(".tmp") }
        result.add("checkpoints", .array(checkpoints.map { .string($0) }))
        for name in ["config.yaml", "report.html"] {
            result.add(name, .bool(manager.fileExists(atPath: path + "/" + name)))
        }
        if manager.fileExists(atPath: path + "/adapter/" + PEFT.configurationFile) {
            try result.addAdapter(path + "/adapter")
        }
        return result
    }
}
