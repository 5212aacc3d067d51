import ArgumentParser
import CatenaLearning

/// `--columns`.
struct ColumnOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read this column of the data as a key of their form, as data.columns of a run; may be repeated.",
            valueName: "key=column"),
        transform: Self.column)
    var columns: [RunConfiguration.DataSection.Column] = []

    func validate() throws {
        for (index, column) in columns.enumerated() {
            for other in columns[..<index] where other.key == column.key || other.name == column.name {
                throw ValidationError(
                    "--columns \(column.key)=\(column.name) and \(other.key)=\(other.name) contradict each other; give each key a "
                        + "column of its own.")
            }
        }
    }

    @Sendable private static func column(_ argument: String) throws -> RunConfiguration.DataSection.Column {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let key = parts.first?.replacing("-", with: "_") ?? ""
        guard parts.count == 2, DataKeys.ofColumns.contains(key) else {
            throw ValidationError(
                "--columns \(argument): expected key=column with a key of \(DataKeys.ofColumns.joined(separator: ", "))."
            )
        }
        return .init(key: key, name: parts[1])
    }
}
