import Foundation

/// One data file on its way to a ``PreparedDataset``: what is in the cache, else tokens that several processes can share
/// the making of.
package struct DataPreparation {
    private let path: String
    private let columns: [RunConfiguration.DataSection.Column]
    private let encoder: any ExampleEncoding
    private let data: Data
    /// Path of the prepared file.
    private let cached: String
    private let cacheFolder: String
    private let key: String
    private var notes: [String]
    /// The examples, once they were needed.
    private var file: ExampleFile?

    /// Reads the file and finds its place in the cache.
    ///
    /// - Throws: ``DataError/unreadable(file:reason:)``.
    package init(
        path: String, columns: [RunConfiguration.DataSection.Column] = [], encoder: any ExampleEncoding,
        cacheFolder: String
    ) throws(DataError) {
        self.path = path
        self.columns = columns
        self.encoder = encoder
        self.cacheFolder = cacheFolder
        file = try ExampleReader.images(at: path, task: encoder.task)
        data = if let file { file.imageDigest } else { try ExampleReader.contents(of: path) }
        key = PreparedDataset.key(content: data, path: path, columns: columns, encoder: encoder)
        cached = "\(cacheFolder)/\(key).catena-data"
        notes = encoder.notes
    }

    /// The prepared data if the cache has a good file; a damaged one is noted.
    package mutating func cachedData() -> PreparedDataset? {
        guard FileManager.default.fileExists(atPath: cached) else { return nil }
        do {
            return try open(verifiesHash: true)
        } catch {
            notes.append("The prepared data \(cached) was damaged (\(error.reason)) and was made again.")
            return nil
        }
    }

    /// The prepared data that another process has found or made.
    ///
    /// - Throws: ``DataError/preparedDataMissing(path:reason:)``.
    package func preparedData() throws(DataError) -> PreparedDataset {
        do {
            return try open(verifiesHash: false)
        } catch {
            throw .preparedDataMissing(path: cached, reason: error.reason)
        }
    }

    private func open(verifiesHash: Bool) throws(PreparedFileDamage) -> PreparedDataset {
        let storage = try PreparedFile(path: cached, key: key, verifiesHash: verifiesHash)
        if verifiesHash {
            try storage.requireSound(for: encoder)
        }
        return PreparedDataset(
            storage: storage, path: cached, notes: notes + storage.notes + storage.statistics.notes, wasCached: true)
    }

    /// The tokens of part `part` of `parts`, which are contiguous and of nearly equal numbers of examples; a single example is
    /// part 0's. Parts appended in order are the whole.
    package mutating func tokens(part: Int = 0, of parts: Int = 1) throws(DataError) -> PreparedTokens {
        if file == nil { file = try ExampleReader.read(data, path: path, columns: columns, task: encoder.task) }
        let examples = file?.examples ?? []
        func start(_ part: Int) -> Int { (part * examples.count + parts - 1) / parts }
        return try PreparedTokens(examples[start(part)..<start(part + 1)], encoder: encoder)
    }

    /// Writes the tokens of the whole file to the cache and opens them; a part of them was made here.
    ///
    /// - Throws: ``DataError/faults(_:)`` with what is wrong in all parts.
    package func store(_ tokens: PreparedTokens) throws(DataError) -> PreparedDataset {
        try tokens.faults.requireNone()
        if tokens.equalCount == tokens.readCount, tokens.readCount > 0 {
            throw .equalAnswers(file: path, pairCount: tokens.readCount)
        }
        guard tokens.count > 0 else {
            throw .nothingSupervisedAfterTruncation(
                file: path, exampleCount: tokens.readCount, maximumLength: encoder.maximumLength)
        }
        return try PreparedDataset.write(
            tokens, key: key, to: cached, cacheFolder: cacheFolder, dataNotes: file?.notes ?? [], notes: notes)
    }
}
