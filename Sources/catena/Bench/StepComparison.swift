import CatenaFiles

/// Steps with two adapters in turns.
struct StepComparison {
    /// Trained numbers of both.
    let parameterCounts: (Int, Int)
    private var seconds: [Double] = []
    private var ratios: [Double] = []
    private var processorRatios: [Double] = []

    init(parameterCounts: (Int, Int)) { self.parameterCounts = parameterCounts }

    mutating func add(
        _ times: ((seconds: Double, processorSeconds: Double), (seconds: Double, processorSeconds: Double))
    ) {
        seconds.append(times.0.seconds)
        ratios.append(times.0.seconds / times.1.seconds)
        processorRatios.append(times.0.processorSeconds / times.1.processorSeconds)
    }

    /// Numbers for programs: the first adapter's step over the second's, by the clock and by the time on cores.
    var json: JSONObject {
        [
            "trainable_parameters": .integer(parameterCounts.0), "seconds": Spread(seconds).json,
            "ratio": Spread(ratios).json, "processor_ratio": Spread(processorRatios).json,
        ]
    }

    /// The same for a person.
    func text(_ name: String, against other: String) -> String {
        let (clock, processor) = (Spread(ratios), Spread(processorRatios))
        func row(_ title: String, _ spread: Spread) -> String {
            "\(title)  \(Float(spread.median))  (min \(Float(spread.minimum)), max \(Float(spread.maximum)))\n"
        }
        return "a step with \(name) over one with \(other), \(ratios.count) pairs in turns\n"
            + row("by the clock      ", clock) + row("by time on cores  ", processor)
    }
}
