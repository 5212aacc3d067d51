import CatenaFiles

/// Where the time of training steps goes: operations report to it while an engine has one.
///
/// The outermost report counts, so that an operation made of others is one entry. An engine without a profile asks for
/// nothing but whether it has one.
public final class StepProfile {
    /// A kind of work.
    public enum Part: String, CaseIterable, Sendable {
        case queryKeyValue = "q, k, v products"
        case attentionOutput = "o products"
        case feedForwardIn = "gate, up products"
        case feedForwardOut = "down products"
        case convolution = "convolutions"
        case head = "head products"
        case thinProducts = "adapter products"
        case attentionForward = "attention forward"
        case attentionBackward = "attention backward"
        case norm = "norms"
        case activation = "activation"
        case rotary = "rotary"
        case elementwise = "residual, elementwise"
        case crossEntropy = "cross-entropy"
        case optimizer = "optimizer"
    }

    /// What one part took.
    package struct Entry: Sendable {
        /// Seconds of wall time.
        package internal(set) var seconds = 0.0
        /// Floating-point operations of its matrix products; 0 where nothing was counted.
        package internal(set) var operations = 0.0
    }

    private var entries: [Part: Entry] = [:]
    private var isMeasuring = false

    /// An empty profile.
    package init() {}

    /// What was reported for `part`.
    package func entry(_ part: Part) -> Entry { entries[part] ?? Entry() }

    /// Forgets all reports.
    package func reset() { entries.removeAll(keepingCapacity: true) }

    fileprivate func measure<R>(_ part: Part, operations: Double, _ body: () throws -> R) rethrows -> R {
        guard !isMeasuring else { return try body() }
        isMeasuring = true
        let start = MonotonicClock.seconds()
        defer {
            isMeasuring = false
            entries[part, default: Entry()].seconds += MonotonicClock.seconds() - start
            entries[part, default: Entry()].operations += operations
        }
        return try body()
    }
}

extension Engine {
    /// Runs `body` and reports its time as `part`, if there is a profile.
    package func measured<R>(
        _ part: StepProfile.Part, operations: @autoclosure () -> Double = 0, _ body: () throws -> R
    ) rethrows -> R {
        guard let profile else { return try body() }
        return try profile.measure(part, operations: operations(), body)
    }
}
