package import CatenaLearning

extension DataPreparation {
    /// Collective: the prepared form of a data file on every process. If a machine lacks it, all processes tokenise a part
    /// each, and one process of each such machine writes the whole to its cache.
    ///
    /// Everybody sends its part to every writer: tokens · 8 bytes for each. The file does not depend on the number of processes.
    package static func open(
        path: String, columns: [RunConfiguration.DataSection.Column] = [], encoder: any ExampleEncoding,
        cacheFolder: String, communicator: any Communicator
    ) throws -> PreparedDataset {
        var preparation = try communicator.agree("read the data") {
            try DataPreparation(path: path, columns: columns, encoder: encoder, cacheFolder: cacheFolder)
        }
        let found = try communicator.agree("look for the prepared data") {
            communicator.hostRank == 0 ? preparation.cachedData() : nil
        }
        let writes = try communicator.allGather([communicator.hostRank == 0 && found == nil ? 1 : 0])
        let writers = writes.indices.filter { writes[$0] == [1] }
        guard !writers.isEmpty else {
            return try communicator.agree("open the prepared data") { try found ?? preparation.preparedData() }
        }
        let part = try communicator.agree("prepare the data") {
            try preparation.tokens(part: communicator.rank, of: communicator.size)
        }
        var whole: PreparedTokens?
        for writer in writers {
            let parts = try communicator.gather(part.bytes(), to: writer)
            if let parts {
                whole = parts.reduce(into: PreparedTokens()) { $0.append(contentsOf: PreparedTokens(bytes: $1)) }
            }
        }
        let written = try communicator.agree("write the prepared data") { try whole.map { try preparation.store($0) } }
        return try communicator.agree("open the prepared data") {
            try written ?? found ?? preparation.preparedData()
        }
    }
}
