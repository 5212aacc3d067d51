package import CatenaLearning
import CatenaFiles
import CatenaReporting
import Foundation

/// The places in a comparison's output folder. Only process 0 reads and writes them.
package struct ComparisonFolder: Sendable {
    /// The output folder.
    package let path: String

    /// The comparison at `path`, which need not exist.
    package init(_ path: String) { self.path = path }

    /// The resolved configuration, ranks chosen.
    package var configuration: String { path + "/comparison.yaml" }
    /// The table as JSON.
    package var json: String { path + "/results.json" }
    /// The table with one line for each method.
    package var csv: String { path + "/results.csv" }
    /// The table as it is printed.
    package var text: String { path + "/results.txt" }
    /// The table with curves, for a browser.
    package var report: String { path + "/report.html" }
    /// The run folder of a cell.
    package func cell(_ cell: ComparisonConfiguration.Cell) -> String { "\(path)/cells/\(cell.name)" }
    /// The folder of the untrained model's test.
    package var untrained: String { path + "/untrained" }

    /// The training result in a run folder, written last.
    static func result(_ folder: String) -> String { folder + "/result.json" }
    /// The test result in a run folder.
    static func test(_ folder: String) -> String { folder + "/test.json" }

    /// Checks that what is there belongs to `configuration`.
    ///
    /// - Throws: ``ComparisonError``, or ``FileError`` for a folder that cannot be written.
    func requireSame(_ configuration: ComparisonConfiguration) throws {
        try RunFolder(path).requireWritable()
        let names = [self.configuration, json, csv, text, untrained].map { String($0.dropFirst(path.count + 1)) }
        try DurableFolder.requireNoLinks(names + ["cells"], in: path)
        if RunFolder(path).isInUse { throw ComparisonError.outputInUse(path: path) }
        guard FileManager.default.fileExists(atPath: self.configuration) else { return }
        let stored = FileManager.default.contents(atPath: self.configuration) ?? Data()
        let differences = try configuration.differences(
            fromResolved: String(decoding: stored, as: UTF8.self), path: self.configuration)
        guard differences.isEmpty else {
            throw ComparisonError.otherConfiguration(path: path, differences: differences.map { $0.description })
        }
    }

    /// Makes the folder and writes the configuration.
    func create(_ configuration: ComparisonConfiguration) throws {
        try RunFolder(path).create()
        try RunFolder(path + "/cells").create()
        try DurableFile.write(Array(configuration.resolvedYAML.utf8), to: self.configuration)
    }

    /// The JSON object in a file that may not be there.
    func document(_ file: String) throws -> JSONDocument? {
        FileManager.default.fileExists(atPath: file) ? try JSONDocument.read(path: file) : nil
    }

    /// Writes the table in all its forms.
    func write(_ table: ComparisonTable) throws {
        try table.json.write(to: json)
        try DurableFile.write(Array(table.csv.utf8), to: csv)
        try DurableFile.write(Array(table.text.utf8), to: text)
        var curves: [String: ComparisonReport.Curves] = [:]
        for row in table.rows {
            guard let rate = row.learningRate,
                let method = table.configuration.methods.first(where: { $0.name == row.name })
            else { continue }
            let runs = table.configuration.chosenCells(method, learningRate: rate).compactMap { cell in
                try? MetricsLine.read(path: RunFolder(self.cell(cell)).metrics)
            }
            curves[row.name] = .init(runs: runs)
        }
        let report = ComparisonReport(title: path, table: table, curves: curves)
        try DurableFile.write(Array(report.html.utf8), to: self.report)
    }
}
