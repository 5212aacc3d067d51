import CatenaLearning
import CatenaFiles

/// What is known of a comparison's cells, the same on every process.
struct FinishedCells {
    /// By the cell's name.
    var results: [String: CellResult] = [:]
    /// By the cell's name.
    var tests: [String: TestResult] = [:]
    var untrained: TestResult?

    /// Collective: what process 0 finds on its disk.
    init(_ configuration: ComparisonConfiguration, folder: ComparisonFolder, communicator: any Communicator) throws {
        let found = try communicator.agree("find the finished cells") {
            communicator.isRoot ? try Self.find(configuration, folder) : JSONValue.null
        }
        let text = try communicator.broadcast(found.compactText())
        let document = JSONDocument(try JSONValue.parse(text, path: folder.path), path: folder.path)
        for result in try document["results"]?.elements() ?? [] {
            let decoded = try CellResult(result)
            results[decoded.cell.name] = decoded
        }
        for name in try document["tests"]?.members().keys.sorted() ?? [] {
            tests[name] = try document["tests"].flatMap { try TestResult(try $0.require(name)) }
        }
        untrained = try document["untrained"].map { try TestResult($0) }
    }

    private static func find(_ configuration: ComparisonConfiguration, _ folder: ComparisonFolder) throws -> JSONValue {
        var results: [JSONValue] = []
        var tests: JSONObject = [:]
        for method in configuration.methods {
            for rate in method.learningRates {
                for cell in configuration.chosenCells(method, learningRate: rate) {
                    let path = folder.cell(cell)
                    // A file that cannot be read is named now, and not after hours.
                    if let result = try folder.document(ComparisonFolder.result(path)) {
                        results.append(try CellResult(result).json)
                    }
                    if let test = try folder.document(ComparisonFolder.test(path)) {
                        tests[cell.name] = try TestResult(test).json
                    }
                }
            }
        }
        var members: JSONObject = ["results": .array(results), "tests": .object(tests)]
        if let untrained = try folder.document(ComparisonFolder.test(folder.untrained)) {
            members["untrained"] = try TestResult(untrained).json
        }
        return .object(members)
    }
}
