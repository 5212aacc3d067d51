package import CatenaFiles
package import CatenaModels
import Crypto
import Foundation

/// Tokenised examples in a mapped file: any example is found at once, and all processes of a machine share the pages.
///
/// The file's name is a hash of everything that its content depends on, so a changed data file, template, tokenizer or
/// setting never meets old tokens.
package final class PreparedDataset: Sendable {
    /// What the data are like.
    package let statistics: DataStatistics
    /// Path of the prepared file.
    package let path: String
    /// SHA-256 of the data's content, the template, the tokenizer and the settings.
    package var key: String { String(path.split(separator: "/").last?.dropLast(".catena-data".count) ?? "") }
    /// What the user should know, one sentence each: template choices, examples cut, a damaged cache.
    package let notes: [String]
    /// Whether an earlier run had prepared the data.
    package let wasCached: Bool
    private let storage: PreparedFile

    init(storage: PreparedFile, path: String, notes: [String], wasCached: Bool) {
        self.storage = storage
        self.path = path
        self.notes = notes
        self.wasCached = wasCached
        statistics = storage.statistics
    }

    /// Opens the prepared form of a data file, and prepares it first if it is not there.
    ///
    /// One process of a machine calls this with `shouldPrepare` true; when it has returned, the others call it with
    /// false. No process waits inside.
    /// - Parameters:
    ///   - path: .jsonl, .json or .txt.
    ///   - columns: which column of the file stands for which key of a form.
    ///   - encoder: template, tokenizer and maximal length.
    ///   - cacheFolder: where prepared files are; made if missing. See ``defaultCacheFolder(besideOutput:environment:)``.
    ///   - shouldPrepare: whether to read and tokenise the data if the cache has no good file, and to check the
    ///     cached file's hash.
    package static func open(
        path: String, columns: [RunConfiguration.DataSection.Column] = [], encoder: any ExampleEncoding,
        cacheFolder: String, shouldPrepare: Bool = true
    ) throws(DataError) -> PreparedDataset {
        var preparation = try DataPreparation(
            path: path, columns: columns, encoder: encoder, cacheFolder: cacheFolder)
        guard shouldPrepare else { return try preparation.preparedData() }
        if let found = preparation.cachedData() { return found }
        let tokens = try preparation.tokens()
        return try preparation.store(tokens)
    }

    /// The name under which a data file is cached: SHA-256 of its content, the template, the tokenizer and settings.
    package static func key(path: String, encoder: any ExampleEncoding) throws(DataError) -> String {
        key(content: try ExampleReader.contents(of: path), path: path, columns: [], encoder: encoder)
    }

    /// `$CATENA_CACHE`, or `.catena-cache` in the folder that holds the run's output folder.
    ///
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)``, see ``cacheFolder(of:)``.
    package static func defaultCacheFolder(
        besideOutput output: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(DataError) -> String {
        try cacheFolder(of: environment)
            ?? URL(fileURLWithPath: output).deletingLastPathComponent().appendingPathComponent(".catena-cache").path
    }

    /// The folder that `CATENA_CACHE` names, its `~` expanded; nil where it names none.
    ///
    /// - Throws: ``DataError/invalidSetting(name:value:expected:)`` for a `~` that stands for no known folder.
    package static func cacheFolder(of environment: [String: String]) throws(DataError) -> String? {
        guard let folder = environment["CATENA_CACHE"], !folder.isEmpty else { return nil }
        do throws(UserPath.Refusal) {
            return try UserPath.expanded(folder)
        } catch {
            throw .invalidSetting(
                name: "CATENA_CACHE", value: folder, expected: "the path of a folder (\(error.description))")
        }
    }

    /// How many examples there are.
    package var count: Int { storage.count }

    /// The number of tokens of example `index`.
    package func length(of index: Int) -> Int { storage.range(of: index).count }

    /// What the examples are.
    package var content: DataContent { storage.content }

    /// How many positions of a micro-batch example `index` takes: the last token of a sequence whose next token is learned is none.
    package func positionCount(of index: Int) -> Int {
        switch content {
        case .tokens: length(of: index) - 1
        case .categories, .values: length(of: index)
        case .images: 1
        case .pairs: length(of: index) - 2
        }
    }

    /// The pixels of image `index`; the buffer is good inside `body` only.
    package func withPixels<R>(_ index: Int, _ body: (UnsafeBufferPointer<Float>) -> R) -> R {
        precondition(content == .images, "the pixels of data that are no images")
        return unsafe storage.withPixels(index, body)
    }

    /// What example `index` is judged as; nil where tokens are learned.
    package func target(of index: Int) -> SegmentTarget? {
        switch content {
        case .tokens, .pairs: nil
        case .categories, .images: .category(Int32(truncatingIfNeeded: storage.mark(of: index)))
        case .values: .value(Float(bitPattern: UInt32(truncatingIfNeeded: storage.mark(of: index))))
        }
    }

    /// How many of the first tokens of example `index` are the chosen answer's; nil where the examples are no pairs.
    package func chosenCount(of index: Int) -> Int? {
        content == .pairs ? Int(storage.mark(of: index)) : nil
    }

    /// The tokens of example `index` and their labels (not shifted), or their types where sequences are judged; the buffers are good
    /// inside `body` only.
    package func withExample<R>(
        _ index: Int, _ body: (_ inputIds: UnsafeBufferPointer<Int32>, _ labels: UnsafeBufferPointer<Int32>) -> R
    ) -> R {
        unsafe storage.withExample(index, body)
    }

    /// The prepared file itself.
    package var mappedFile: MappedFile { storage.file }

    /// A copy of example `index`.
    package func example(_ index: Int) -> EncodedExample {
        if content == .images {
            return unsafe withPixels(index) { unsafe EncodedExample(pixels: Array($0), target: target(of: index)) }
        }
        return unsafe withExample(index) { ids, labels in
            guard let target = target(of: index) else {
                var example = unsafe EncodedExample(inputIds: Array(ids), labels: Array(labels))
                example.chosenCount = chosenCount(of: index)
                return example
            }
            var example = unsafe EncodedExample(
                inputIds: Array(ids), labels: Array(repeating: EncodedExample.ignored, count: ids.count))
            example.target = target
            if unsafe labels.contains(where: { $0 != 0 }) { example.tokenTypes = unsafe Array(labels) }
            return example
        }
    }

    static func write(
        _ tokens: PreparedTokens, key: String, to path: String, cacheFolder: String, dataNotes: [String],
        notes: [String]
    ) throws(DataError) -> PreparedDataset {
        do {
            let bytes = try PreparedFile.bytes(of: tokens, key: key, notes: dataNotes)
            try DurableFolder.create(cacheFolder)
            // On a shared file system one process of each machine writes this same file.
            try DurableFile.write(bytes, to: path)
        } catch {
            throw .unwritable(path: path, reason: (error as? FileError)?.description ?? error.localizedDescription)
        }
        do throws(PreparedFileDamage) {
            let storage = try PreparedFile(path: path, key: key, verifiesHash: false)
            return PreparedDataset(
                storage: storage, path: path, notes: notes + storage.notes + storage.statistics.notes, wasCached: false)
        } catch {
            throw .unwritable(path: path, reason: "what was read back is damaged (\(error.reason))")
        }
    }

    static func key(
        content: Data, path: String, columns: [RunConfiguration.DataSection.Column], encoder: any ExampleEncoding
    ) -> String {
        let isText = path.lowercased().hasSuffix(".txt")
        var hash = SHA256()
        hash.update(data: content)
        let settings =
            ["catena-data-\(PreparedFile.version)", isText ? "text" : "records", "\(encoder.maximumLength)"]
            + encoder.keys + columns.flatMap { [$0.key, $0.name] }
        for setting in settings { hash.update(data: Data("\u{0}\(setting.utf8.count):\(setting)".utf8)) }
        return hash.finalize().hexadecimal
    }
}

extension DataStatistics {
    var notes: [String] {
        var notes: [String] = []
        if conversationExampleCount > conversationCount {
            notes.append(
                "\(conversationCount) conversations became \(conversationExampleCount) examples: the template writes earlier "
                    + "turns differently once later ones follow, and each answer is learned behind the text that asks for it."
            )
        }
        for (note, count) in templateNotes.sorted(by: { $0.key < $1.key }) {
            notes.append("\(count) of \(conversationCount) conversations: \(note).")
        }
        if let equalCount {
            notes.append("\(equalCount) of \(readCount) pairs were left out, because chosen and rejected are equal.")
        }
        if cutCount > 0 {
            let dropped = droppedCount > 0 ? "; \(droppedCount) were left out, because nothing to learn was left" : ""
            notes.append("\(cutCount) of \(readCount) examples were cut to the maximal length\(dropped).")
        }
        return notes
    }
}
