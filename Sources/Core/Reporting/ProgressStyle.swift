import Foundation

/// How progress is shown.
package enum ProgressStyle: Sendable, Equatable {
    case bar(colour: Bool, unicode: Bool)
    case lines(everySeconds: Double)

    /// Seconds between two displays, the first and the last aside.
    var intervalSeconds: Double {
        switch self {
        case .bar: 0.1
        case .lines(let everySeconds): everySeconds
        }
    }

    /// A bar where standard error is a terminal, plain lines elsewhere.
    ///
    /// `mpirun` puts a pipe between a rank and the terminal, so a launch script that knows better sets
    /// `CATENA_PROGRESS=bar` (or `lines`) and `COLUMNS`. `NO_COLOR` and `TERM=dumb` are honoured, and a locale that is not
    /// UTF-8 gets an ASCII bar.
    package static func detect(everySeconds: Double = 5) -> ProgressStyle {
        detect(
            isTerminal: isatty(STDERR_FILENO) == 1, environment: ProcessInfo.processInfo.environment,
            everySeconds: everySeconds)
    }

    /// The same for a given terminal and environment.
    package static func detect(isTerminal: Bool, environment: [String: String], everySeconds: Double)
        -> ProgressStyle
    {
        let wantsBar =
            switch environment["CATENA_PROGRESS"] {
            case "bar": true
            case "lines": false
            default: isTerminal && environment["TERM"] != "dumb"
            }
        guard wantsBar else { return .lines(everySeconds: everySeconds) }
        let locale =
            [environment["LC_ALL"], environment["LC_CTYPE"], environment["LANG"]]
            .compactMap { $0 }.first { !$0.isEmpty }?.lowercased() ?? ""
        return .bar(
            colour: environment["NO_COLOR", default: ""].isEmpty,
            unicode: locale.contains("utf-8") || locale.contains("utf8"))
    }

    /// The width of the terminal behind standard error, else `COLUMNS`, else 80.
    package static func terminalColumns() -> Int {
        var size = winsize()
        if unsafe ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }.flatMap {
            $0 > 0 ? $0 : nil
        } ?? 80
    }
}
