import CatenaReporting
import Foundation
import Testing

/// A line whose numbers have no short decimal form.
func metricsLine(_ step: Int, validationLoss: Double? = nil) -> MetricsLine {
    MetricsLine(
        step: step, loss: 1 / 3 + Double(step), tokens: 2048, supervisedTokens: 777, learningRate: 2e-4 / 7,
        gradientNorm: 0.1 + 0.2,
        tokensPerSecond: 1e9 / 7, seconds: 1.7, gatherSeconds: .leastNonzeroMagnitude, reduceSeconds: 1e-3,
        residentBytes: 1 << 40,
        validationLoss: validationLoss)
}

/// A new empty folder that is removed after `body`.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("catena-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.path)
}

@Suite("metrics.jsonl")
struct MetricsWriterTests {
    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("a line has the documented keys in their order")
    func keys() {
        let line = MetricsLine(
            step: 3, loss: 0.1, tokens: 20, supervisedTokens: 10, learningRate: 2e-4, gradientNorm: 1,
            tokensPerSecond: 12.5,
            seconds: 1.6, residentBytes: 99, validationLoss: 2)
        #expect(
            line.json == """
                {"step": 3, "loss": 0.1, "tokens": 20, "supervised_tokens": 10, "learning_rate": 0.0002, "gradient_norm": 1.0, \
                "tokens_per_second": 12.5, "seconds": 1.6, "gather_seconds": 0.0, "reduce_seconds": 0.0, \
                "gather_bytes": 0, "reduce_bytes": 0, "resident_bytes": 99, \
                "validation_loss": 2.0}
                """)
    }

    @Test("numbers read back as the same bits, and lines without validation have no such key")
    func roundTrip() {
        #expect(MetricsLine(json: metricsLine(1).json) == metricsLine(1))
        #expect(
            MetricsLine(json: metricsLine(2, validationLoss: 2 / 3).json)
                == metricsLine(2, validationLoss: 2 / 3))
        #expect(!metricsLine(1).json.contains("validation"))
    }

    @Test("a knot has its own keys and reads back")
    func knot() {
        var line = metricsLine(4)
        line.knot = .init(link: 2, probeLossBefore: 1 / 3, probeLossAfter: 1 / 7)
        #expect(
            line.json.hasSuffix(
                #""knot": 2, "probe_loss_before": 0.3333333333333333, "probe_loss_after": 0.14285714285714285}"#))
        #expect(MetricsLine(json: line.json) == line)
        #expect(!metricsLine(1).json.contains("knot"))
    }

    @Test("the objective's means have keys of their own and read back")
    func means() {
        var line = metricsLine(4, validationLoss: 0.5)
        line.means = [.init("reward_accuracy", 2 / 3), .init("validation_reward_accuracy", 0)]
        #expect(line.json.hasSuffix(#""reward_accuracy": 0.6666666666666666, "validation_reward_accuracy": 0.0}"#))
        #expect(MetricsLine(json: line.json) == line)
        #expect(line.means.map(\.isOfValidation) == [false, true])
    }

    @Test("a line with a text in the place of a number is none", arguments: ["validation_loss", "knot", "penalty"])
    func texts(key: String) {
        let line = metricsLine(4).json.dropLast() + #", "\#(key)": "high"}"#
        #expect(MetricsLine(json: line) == nil)
    }

    @Test("a number that is not finite is null and reads as NaN")
    func notFinite() throws {
        var line = metricsLine(1)
        line.loss = .infinity
        #expect(line.json.contains("\"loss\": null"))
        #expect(try #require(MetricsLine(json: line.json)).loss.isNaN)
    }

    @Test("a line is in the file when append returns, and a new run starts an empty file")
    func appends() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/metrics.jsonl"
            let writer = try MetricsWriter.open(path: path)
            try writer.append(metricsLine(1))
            #expect(try MetricsLine.read(path: path) == [metricsLine(1)])
            try writer.append(metricsLine(2))
            #expect(try text(path) == metricsLine(1).json + "\n" + metricsLine(2).json + "\n")
            _ = try MetricsWriter.open(path: path)
            #expect(try text(path).isEmpty)
        }
    }

    @Test("a resumed run drops later steps and a torn line, and continues")
    func resume() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/metrics.jsonl"
            let whole = (1...5).map { metricsLine($0).json + "\n" }.joined()
            try (whole + metricsLine(6).json.prefix(40)).write(
                toFile: path, atomically: true, encoding: .utf8)
            #expect(try MetricsLine.read(path: path).map(\.step) == [1, 2, 3, 4, 5])
            let writer = try MetricsWriter.open(path: path, resumingAfter: 3)
            try writer.append(metricsLine(4, validationLoss: 1))
            try writer.close()
            #expect(
                try MetricsLine.read(path: path) == [1, 2, 3].map { metricsLine($0) } + [
                    metricsLine(4, validationLoss: 1)
                ])
            #expect(!FileManager.default.fileExists(atPath: path + ".tmp"))
        }
    }

    @Test("a damaged line before the last is refused with its number, and the file stays as it is")
    func damagedLine() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/metrics.jsonl"
            let damaged =
                metricsLine(1).json + "\n" + metricsLine(2).json.dropLast(9) + "\n" + metricsLine(3).json + "\n"
            try damaged.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: ReportingError.invalidLine(path: path, line: 2, problem: "it is not one")) {
                try MetricsWriter.open(path: path, resumingAfter: 3)
            }
            #expect(try text(path) == damaged)
        }
    }

    @Test("a file that loses its name is noticed by the next append; a FIFO is refused without waiting")
    func removed() throws {
        try withTemporaryFolder { folder in
            let writer = try MetricsWriter.open(path: folder + "/run.jsonl")
            try writer.append(metricsLine(1))
            try FileManager.default.removeItem(atPath: folder + "/run.jsonl")
            #expect(throws: ReportingError.self) { try writer.append(metricsLine(2)) }
            #expect(mkfifo(folder + "/fifo", 0o600) == 0)
            let error = #expect(throws: ReportingError.self) { try MetricsWriter.open(path: folder + "/fifo") }
            #expect(try #require(error).description.contains("FIFO"))
        }
    }

    @Test("resuming without a file starts one")
    func resumeWithoutFile() throws {
        try withTemporaryFolder { folder in
            try MetricsWriter.open(path: folder + "/m", resumingAfter: 3).append(metricsLine(4))
            #expect(try MetricsLine.read(path: folder + "/m").map(\.step) == [4])
        }
    }

    @Test("a broken line in the middle is named")
    func brokenLine() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/m"
            try "{\"step\": 1}\n\(metricsLine(2).json)\n".write(
                toFile: path, atomically: true, encoding: .utf8)
            #expect(throws: ReportingError.invalidLine(path: path, line: 1, problem: "it is not one")) {
                try MetricsLine.read(path: path)
            }
        }
    }

    @Test("a folder that is missing and a full disk are errors that name the file")
    func unwritable() throws {
        let missing = "/nowhere/metrics.jsonl"
        #expect(throws: ReportingError.cannotOpen(path: missing, reason: "No such file or directory")) {
            try MetricsWriter.open(path: missing)
        }
        let full = try MetricsWriter.open(path: "/dev/full")
        #expect(throws: ReportingError.cannotWrite(path: "/dev/full", reason: "No space left on device")) {
            try full.append(metricsLine(1))
        }
        #expect(
            ReportingError.cannotWrite(path: "/dev/full", reason: "No space left on device").description
                == "/dev/full cannot be written: No space left on device; free space or choose another output folder."
        )
    }
}
