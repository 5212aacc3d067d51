import CatenaFiles
import Foundation

/// Writes generated records, one JSON object a line.
enum DemoFile {
    static func write(_ records: [JSONObject], to path: String) throws(DataError) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let text = records.map { JSONValue.object($0).compactText() + "\n" }.joined()
        do {
            try DurableFolder.create(folder)
            try DurableFile.write(Array(text.utf8), to: path)
        } catch {
            throw .unwritable(path: path, reason: error.description)
        }
    }
}
