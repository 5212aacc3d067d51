import CatenaReporting
import Testing

@Suite("Progress display")
struct ProgressReporterTests {
    @Test(
        "durations are short and unambiguous",
        arguments: [
            (0, "0:00"), (0.4, "0:00"), (59.6, "1:00"), (7, "0:07"), (725, "12:05"), (3600, "1:00:00"),
            (11_220, "3:07:00"),
            (86_399, "23:59:59"), (189_000, "2d 04:30"), (.nan, "?"), (.infinity, "?"), (-1, "?"),
        ] as [(Double, String)])
    func durations(seconds: Double, expected: String) {
        #expect(DurationText.clock(seconds: seconds) == expected)
    }

    private let snapshot = ProgressSnapshot(
        step: 185, totalSteps: 500, loss: 1.23456, smoothedLoss: 1.3, tokensPerSecond: 1180.4,
        remainingSeconds: 535)

    @Test("a plain line says step, loss, speed and time left")
    func plainLine() {
        #expect(snapshot.plainLine == "step 185/500 (37%)  loss 1.2346  mean 1.3000  1180 tokens/s  ETA 8:55")
    }

    @Test("a bar line shows as much as fits")
    func barLine() {
        func line(_ columns: Int) -> String {
            snapshot.barLine(columns: columns, colour: false, unicode: false)
        }
        #expect(
            line(100)
                == " 37% ###########...................  185/500  loss 1.3000 (last 1.2346)  1180 tokens/s  ETA 8:55"
        )
        #expect(line(79) == " 37% ####.........  185/500  loss 1.3000 (last 1.2346)  1180 tokens/s  ETA 8:55")
        #expect(line(50) == " 37% ####.........  185/500  loss 1.3000  ETA 8:55")
        #expect(line(12) == "37% 185/500")
        #expect(line(5) == "37% 1")
        for columns in 0...140 { #expect(line(columns).count <= columns) }
    }

    @Test("colour and line-drawing characters only where they are wanted")
    func colour() {
        let plain = snapshot.barLine(columns: 100, colour: false, unicode: true)
        #expect(plain.contains("━━─") && !plain.contains("\u{1B}"))
        #expect(snapshot.barLine(columns: 100, colour: true, unicode: true).contains("\u{1B}[36m━"))
    }

    /// Reports steps 1...`steps`, one second apart, and gives what was written.
    private func written(
        steps: Int, of total: Int, completed: Int = 0, style: ProgressStyle, message: Int? = nil
    ) -> [String] {
        var output: [String] = []
        var time = 50.0
        let reporter = ProgressReporter(
            totalSteps: total, completedSteps: completed, style: style, columns: { 61 }, now: { time },
            write: { output.append($0) })
        for step in (completed + 1)...(completed + steps) {
            time += 1
            reporter.report(step: step, loss: 2, tokensPerSecond: 100)
            if step == message { reporter.message("checkpoint saved") }
        }
        reporter.finish()
        return output
    }

    @Test("plain lines come first, at the interval, and last")
    func lines() {
        #expect(
            written(steps: 12, of: 12, style: .lines(everySeconds: 5)) == [
                "step 1/12 (8%)  loss 2.0000  mean 2.0000  100 tokens/s  ETA 0:11\n",
                "step 6/12 (50%)  loss 2.0000  mean 2.0000  100 tokens/s  ETA 0:06\n",
                "step 11/12 (91%)  loss 2.0000  mean 2.0000  100 tokens/s  ETA 0:01\n",
                "step 12/12 (100%)  loss 2.0000  mean 2.0000  100 tokens/s  ETA 0:00\n",
            ])
    }

    @Test(
        "a run that stops early still shows its last step, and a resumed run counts its time from the resume")
    func stopped() {
        #expect(
            written(steps: 3, of: 100, completed: 40, style: .lines(everySeconds: 60)) == [
                "step 41/100 (41%)  loss 2.0000  mean 2.0000  100 tokens/s  ETA 0:59\n",
                "step 43/100 (43%)  loss 2.0000  mean 2.0000  100 tokens/s  ETA 0:57\n",
            ])
    }

    @Test("a bar is redrawn in place, gives way to messages and ends its line")
    func bar() {
        func line(_ text: String) -> String { "\r\(text)\u{1B}[K" }
        let style = ProgressStyle.bar(colour: false, unicode: false)
        let first = " 50% ######.......  1/2  loss 2.0000  100 tokens/s  ETA 0:01"
        let last = "100% #############  2/2  loss 2.0000  100 tokens/s  ETA 0:00"
        #expect(
            written(steps: 2, of: 2, style: style, message: 1) == [
                line(first), "\r\u{1B}[Kcheckpoint saved\n", line(first), line(last), "\n",
            ])
    }

    @Test("the style follows terminal and environment")
    func styles() {
        func style(_ isTerminal: Bool, _ environment: [String: String]) -> ProgressStyle {
            .detect(isTerminal: isTerminal, environment: environment, everySeconds: 3)
        }
        #expect(style(true, ["LANG": "en_US.UTF-8"]) == .bar(colour: true, unicode: true))
        #expect(style(true, ["LANG": "en_US.UTF-8", "NO_COLOR": "1"]) == .bar(colour: false, unicode: true))
        #expect(style(true, ["LANG": "en_US.UTF-8", "LC_ALL": "C"]) == .bar(colour: true, unicode: false))
        #expect(style(true, ["TERM": "dumb"]) == .lines(everySeconds: 3))
        #expect(style(false, [:]) == .lines(everySeconds: 3))
        #expect(style(false, ["CATENA_PROGRESS": "bar"]) == .bar(colour: true, unicode: false))
        #expect(style(true, ["CATENA_PROGRESS": "lines"]) == .lines(everySeconds: 3))
    }

    @Test("the mean of equal losses is that loss, and it follows a change")
    func smoothing() {
        var output: [String] = []
        let reporter = ProgressReporter(
            totalSteps: 3, style: .lines(everySeconds: 0), now: { 0 }, write: { output.append($0) })
        for (index, loss) in [4.0, 4.0, 1.0].enumerated() {
            reporter.report(step: index + 1, loss: loss, tokensPerSecond: 5)
        }
        // (4 · 0.95² + 4 · 0.95 + 1) / (0.95² + 0.95 + 1) = 2.9483
        #expect(
            output[1].contains("mean 4.0000  5.0 tokens/s") && output[2].contains("loss 1.0000  mean 2.9483"))
    }
}
