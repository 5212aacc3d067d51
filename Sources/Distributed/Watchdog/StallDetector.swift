/// Judges from heartbeats whether the job stands still, and because of whom.
///
/// Time counts only while this process itself runs: the caller limits the seconds between two looks, so that a job that was
/// suspended as a whole goes on.
package struct StallDetector {
    /// What is known of one process.
    private struct Process {
        var last: Heartbeat?
        /// Since its last heartbeat.
        var silentSeconds = 0.0
        /// Since it published a change.
        var unchangedSeconds = 0.0
    }

    private let rank: Int
    private let timeoutSeconds: Double
    private var processes: [Process]
    private var secondsSinceNote = Double.infinity

    package init(rank: Int, size: Int, timeoutSeconds: Double) {
        self.rank = rank
        self.timeoutSeconds = timeoutSeconds
        processes = Array(repeating: Process(), count: size)
    }

    /// Takes in what came since the last look.
    ///
    /// - Parameter heard: the newest heartbeat of each rank, nil where none came; that of the own rank is ignored.
    package mutating func look(secondsSinceLast: Double, own: Activity.Snapshot, heard: [Heartbeat?]) -> Stall? {
        for index in processes.indices {
            update(index, with: index == rank ? Heartbeat(own) : heard[index], after: secondsSinceLast)
        }
        secondsSinceNote += secondsSinceLast
        if let other = processes.firstIndex(where: { $0.last?.state == .endsJob }) { return .endedByOther(rank: other) }
        guard let collective = own.collective else { return nil }
        let place = Stall.Place(collective: collective, step: own.step)
        return silence(at: place) ?? deadlock() ?? lateness(at: place)
    }

    private mutating func update(_ index: Int, with heartbeat: Heartbeat?, after seconds: Double) {
        processes[index].silentSeconds += seconds
        processes[index].unchangedSeconds += seconds
        guard let heartbeat else { return }
        processes[index].silentSeconds = 0
        if heartbeat != processes[index].last { processes[index].unchangedSeconds = 0 }
        processes[index].last = heartbeat
    }

    private func hasEnded(_ index: Int) -> Bool { processes[index].last?.state == .ended }

    private func place(of index: Int) -> Stall.Place? {
        guard let activity = processes[index].last?.activity, let collective = activity.collective else { return nil }
        return Stall.Place(collective: collective, step: activity.step)
    }

    private var silent: [Int] {
        processes.indices.filter { processes[$0].silentSeconds >= timeoutSeconds && !hasEnded($0) }
    }

    /// The lowest rank that answers and waits speaks for all; another one only if that has not ended the job.
    private func speaks(among waiting: [Int], overdueSeconds: Double) -> Bool {
        waiting.first == rank || overdueSeconds >= max(timeoutSeconds / 2, 2)
    }

    private func silence(at place: Stall.Place) -> Stall? {
        let silent = silent
        guard let first = silent.first, processes[rank].unchangedSeconds >= timeoutSeconds / 5 else { return nil }
        let waiting = processes.indices.filter { !silent.contains($0) && self.place(of: $0) != nil }
        let seconds = processes[first].silentSeconds
        guard speaks(among: waiting, overdueSeconds: seconds - timeoutSeconds) else { return nil }
        return .silent(ranks: silent, seconds: seconds, waiting: waiting, at: place)
    }

    /// Nobody moves for twice the time, and not all are at the same place.
    private func deadlock() -> Stall? {
        let seconds = processes.map(\.unchangedSeconds).min() ?? 0
        let places = processes.indices.map(place(of:))
        guard seconds >= 2 * timeoutSeconds, Set(places).count > 1, !places.contains(nil) else { return nil }
        guard speaks(among: Array(processes.indices), overdueSeconds: seconds - 2 * timeoutSeconds) else { return nil }
        return .deadlock(places: places.compactMap(\.self), seconds: seconds)
    }

    /// Others answer, but have not come here.
    private mutating func lateness(at place: Stall.Place) -> Stall? {
        let seconds = processes[rank].unchangedSeconds
        let waiting = processes.indices.filter { self.place(of: $0) == place }
        guard seconds >= timeoutSeconds, secondsSinceNote >= timeoutSeconds, waiting.first == rank else { return nil }
        secondsSinceNote = 0
        let elsewhere = processes.indices.filter { !waiting.contains($0) && !hasEnded($0) }.map { index in
            Stall.Elsewhere(rank: index, step: processes[index].last?.activity.step ?? 0, place: self.place(of: index))
        }
        return .late(elsewhere, seconds: seconds, waiting: waiting, at: place)
    }
}
