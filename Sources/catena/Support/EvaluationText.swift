import CatenaFiles
import CatenaModels
import Foundation

extension Evaluate {
    /// Prints a result without its answers, as text or as one JSON object.
    func show(_ result: JSONObject, of task: Task) {
        var shown = result
        shown["answers"] = nil
        if json {
            StandardOutput.write(json: JSONValue.object(shown).compactText() + "\n")
            return
        }
        func number(_ key: String, digits: Int) -> String {
            String(format: "%.\(digits)f", shown[key]?.doubleValue ?? .nan)
        }
        let examples = "\(shown["examples"]?.intValue ?? 0) examples in \(number("seconds", digits: 1)) s"
        switch task {
        case .classification, .regression: StandardOutput.write(judgementText(shown, examples: examples))
        case .loss:
            let skipped = shown["skipped"]?.intValue ?? 0
            let cut = shown["cut"]?.intValue ?? 0
            StandardOutput.write(
                """
                loss        \(number("loss", digits: 6))
                perplexity  \(number("perplexity", digits: 4))
                over        \(shown["supervised_tokens"]?.intValue ?? 0) tokens of \(examples)\
                \(skipped > 0 ? ", \(skipped) without a target skipped" : "")\
                \(cut > 0 ? ", \(cut) cut to the maximal length" : "")

                """)
        case .exactMatch:
            let percent = String(format: "%.1f", 100 * (shown["accuracy"]?.doubleValue ?? 0))
            StandardOutput.write("exact match \(percent) % (\(shown["correct"]?.intValue ?? 0) of \(examples))\n")
        case .choice:
            let percent = String(format: "%.1f", 100 * (shown["accuracy"]?.doubleValue ?? 0))
            StandardOutput.write("right choice \(percent) % (\(shown["correct"]?.intValue ?? 0) of \(examples))\n")
        }
    }
}
