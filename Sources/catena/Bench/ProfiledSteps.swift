import CatenaEngine
import CatenaFiles
import Foundation

/// A profile of several steps as a table and as JSON.
struct ProfiledSteps {
    let profile: StepProfile
    /// Seconds of one step, from begin to end.
    let stepSeconds: Double
    /// Steps that reported to the profile.
    let steps: Int

    private struct Row {
        let name: String
        let seconds, gigaflops: Double
    }

    /// What took time, per step, and what is left over of the step.
    private var rows: [Row] {
        let count = Double(steps)
        let parts = StepProfile.Part.allCases.compactMap { part -> Row? in
            let entry = profile.entry(part)
            guard entry.seconds > 0 else { return nil }
            return Row(
                name: part.rawValue, seconds: entry.seconds / count,
                gigaflops: entry.operations / entry.seconds / 1e9)
        }
        let rest = stepSeconds - parts.reduce(0) { $0 + $1.seconds }
        return parts + [Row(name: "rest", seconds: rest, gigaflops: 0)]
    }

    /// One line for each part: seconds and share of a step, and the rate of its products.
    var table: String {
        var text = "part                     seconds   share  GFLOP/s\n"
        for row in rows {
            text += row.name.padding(toLength: 23, withPad: " ", startingAt: 0)
            text += String(format: "%9.4f %6.1f%%", row.seconds, 100 * row.seconds / stepSeconds)
            text += row.gigaflops > 0 ? String(format: "%9.1f\n", row.gigaflops) : "\n"
        }
        return text
    }

    /// The same numbers.
    var json: JSONValue {
        .array(
            rows.map { row in
                [
                    "part": .string(row.name), "seconds": .number(row.seconds),
                    "share": .number(row.seconds / stepSeconds), "gflops": .number(row.gigaflops),
                ]
            })
    }
}
