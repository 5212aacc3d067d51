/// A job that stands still, or may.
package enum Stall: Equatable, Sendable {
    /// A collective of a step; step 0 is before the first.
    package struct Place: Hashable, Sendable {
        /// Such as "reduction".
        package let collective: String
        /// Counted from 1.
        package let step: Int

        package init(collective: String, step: Int) {
            (self.collective, self.step) = (collective, step)
        }
    }

    /// A process that answers and is not where others wait for it.
    package struct Elsewhere: Equatable, Sendable {
        /// Process rank.
        package let rank: Int
        /// The step it is doing.
        package let step: Int
        /// The collective it waits in; nil while it computes.
        package let place: Place?

        package init(rank: Int, step: Int, place: Place?) {
            (self.rank, self.step, self.place) = (rank, step, place)
        }
    }

    /// Processes that send no heartbeat any more, while others wait. The job cannot go on.
    case silent(ranks: [Int], seconds: Double, waiting: [Int], at: Place)
    /// All wait, in different collectives; one place per rank. The job cannot go on.
    case deadlock(places: [Place], seconds: Double)
    /// Another process has found a stall, said so and ends the job.
    case endedByOther(rank: Int)
    /// Some processes answer, but have not come to the collective in which others wait; empty when all are there.
    case late([Elsewhere], seconds: Double, waiting: [Int], at: Place)

    /// Whether the job has to be ended.
    package var isFatal: Bool {
        if case .late = self { false } else { true }
    }

    /// One line; `hosts` are the machines of the ranks.
    package func description(hosts: [String]) -> String {
        switch self {
        case .silent(let ranks, let seconds, let waiting, let place):
            let names = ranks.map { "\($0) (host \(hosts[$0]))" }.joined(separator: ", ")
            return
                "\(ranks.count == 1 ? "rank" : "ranks") \(names) \(ranks.count == 1 ? "does" : "do") not answer for "
                + "\(Self.text(seconds)); \(Self.waitText(waiting)) for \(ranks.count == 1 ? "it" : "them") in "
                + "\(place); the job ends; continue with --resume auto"
        case .deadlock(let places, let seconds):
            let groups = Dictionary(grouping: places.indices) { places[$0] }.sorted { $0.value[0] < $1.value[0] }
            return "the ranks wait for one another since \(Self.text(seconds)): "
                + groups.map { "\(Self.waitText($0.value)) in \($0.key)" }.joined(separator: ", ")
                + "; the job ends; continue with --resume auto, and report this fault of the program"
        case .endedByOther(let rank):
            return "rank \(rank) ends the job"
        case .late(let elsewhere, let seconds, let waiting, let place):
            let begin = "\(Self.waitText(waiting)) in \(place) since \(Self.text(seconds))"
            guard !elsewhere.isEmpty else { return begin + "; all answer; the network may be slow" }
            return begin + "; " + elsewhere.map(Self.text).joined(separator: ", ")
        }
    }

    private static func text(_ elsewhere: Elsewhere) -> String {
        "rank \(elsewhere.rank) answers and is "
            + (elsewhere.place.map { "in \($0)" }
                ?? (elsewhere.step == 0 ? "busy before the first step" : "busy in step \(elsewhere.step)"))
    }

    private static func text(_ seconds: Double) -> String {
        seconds < 10 ? "\((seconds * 10).rounded() / 10) s" : "\(Int(seconds.rounded())) s"
    }

    private static func waitText(_ ranks: [Int]) -> String {
        ranks.count == 1 ? "rank \(ranks[0]) waits" : "ranks \(ranks.map(String.init).joined(separator: ", ")) wait"
    }
}

extension Stall.Place: CustomStringConvertible {
    package var description: String {
        "the \(collective) " + (step == 0 ? "before the first step" : "of step \(step)")
    }
}
