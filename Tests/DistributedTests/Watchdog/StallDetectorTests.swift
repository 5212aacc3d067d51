import CatenaDistributed
import Testing

@Suite("Stall detector")
struct StallDetectorTests {
    private static func activity(_ collective: String?, step: Int = 8, changes: Int = 1) -> Activity.Snapshot {
        Activity.Snapshot(step: step, collective: collective, changeCount: changes)
    }

    /// Looks every second with the same heartbeats until something fatal is found, for at most `seconds`.
    private func fatal(
        rank: Int = 0, own: Activity.Snapshot, heard: [Heartbeat?], timeout: Double = 5, seconds: Int = 60
    ) -> (stall: Stall?, after: Int, notes: Int) {
        var detector = StallDetector(rank: rank, size: heard.count, timeoutSeconds: timeout)
        var notes = 0
        for second in 1...seconds {
            guard let stall = detector.look(secondsSinceLast: 1, own: own, heard: heard) else { continue }
            if stall.isFatal { return (stall, second, notes) }
            notes += 1
        }
        return (nil, seconds, notes)
    }

    private let waiting = activity("reduction")
    private let computing = activity(nil)

    @Test("a silent rank is named after the timeout, with who waits for it, where and in which step")
    func silent() {
        let found = fatal(own: waiting, heard: [nil, Heartbeat(waiting), nil, Heartbeat(computing)])
        #expect(
            found.stall
                == .silent(ranks: [2], seconds: 5, waiting: [0, 1], at: .init(collective: "reduction", step: 8)))
        #expect(found.after == 5)
        #expect(
            found.stall?.description(hosts: ["a", "a", "b", "b"])
                == "rank 2 (host b) does not answer for 5.0 s; ranks 0, 1 wait for it in the reduction of step 8; "
                + "the job ends; continue with --resume auto")
    }

    @Test("nothing is ended while this rank waits for nobody, nor just after it began to wait")
    func notWaiting() {
        #expect(fatal(own: computing, heard: [nil, nil]).stall == nil)
        var detector = StallDetector(rank: 0, size: 2, timeoutSeconds: 10)
        for _ in 0..<30 { #expect(detector.look(secondsSinceLast: 1, own: computing, heard: [nil, nil]) == nil) }
        #expect(detector.look(secondsSinceLast: 0.5, own: waiting, heard: [nil, nil]) == nil)
        for _ in 0..<2 { _ = detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, nil]) }
        #expect(detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, nil])?.isFatal == true)
    }

    @Test("the lowest rank that waits speaks; another one half a timeout later if that has not ended the job")
    func speaker() {
        let heard = [Heartbeat(waiting), nil, nil]
        #expect(fatal(rank: 0, own: waiting, heard: [nil, Heartbeat(waiting), nil], timeout: 10).after == 10)
        #expect(fatal(rank: 1, own: waiting, heard: heard, timeout: 10).after == 15)
    }

    @Test("a rank that answers and computes is noted once a timeout and never ended")
    func late() {
        let found = fatal(own: waiting, heard: [nil, Heartbeat(computing)], seconds: 52)
        #expect(found.stall == nil)
        #expect(found.notes == 10)
        var detector = StallDetector(rank: 0, size: 2, timeoutSeconds: 1)
        _ = detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, Heartbeat(computing)])
        #expect(
            detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, Heartbeat(computing)])?
                .description(hosts: ["a", "b"])
                == "rank 0 waits in the reduction of step 8 since 1.0 s; rank 1 answers and is busy in step 8")
    }

    @Test("all in one collective are not a deadlock; in two that do not change they are, after twice the timeout")
    func deadlock() {
        #expect(fatal(own: waiting, heard: [nil, Heartbeat(waiting), Heartbeat(waiting)]).stall == nil)
        let gather = Self.activity("gather of block 12")
        let found = fatal(own: waiting, heard: [nil, Heartbeat(gather), Heartbeat(waiting)])
        #expect(found.after == 11)
        #expect(
            found.stall?.description(hosts: ["a", "a", "a"]).hasPrefix(
                "the ranks wait for one another since 10 s: ranks 0, 2 wait in the reduction of step 8, "
                    + "rank 1 waits in the gather of block 12 of step 8; ") == true)
    }

    @Test("collectives that follow one another are no deadlock")
    func progress() {
        var detector = StallDetector(rank: 0, size: 2, timeoutSeconds: 2)
        for second in 0..<60 {
            let other = Self.activity("gather", changes: second / 3)
            let stall = detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, Heartbeat(other)])
            #expect(stall?.isFatal != true)
        }
    }

    @Test("a process that has ended is never silent; one that ends the job ends this process")
    func ended() {
        var detector = StallDetector(rank: 0, size: 2, timeoutSeconds: 1)
        _ = detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, Heartbeat(computing, .ended)])
        for _ in 0..<30 {
            #expect(detector.look(secondsSinceLast: 1, own: waiting, heard: [nil, nil])?.isFatal != true)
        }
        #expect(
            detector.look(secondsSinceLast: 1, own: computing, heard: [nil, Heartbeat(waiting, .endsJob)])
                == .endedByOther(rank: 1))
    }

    @Test("a heartbeat reads back as it was sent; a name longer than its room is cut")
    func encoding() {
        for state in [Heartbeat.State.running, .ended, .endsJob] {
            for heartbeat in [
                Heartbeat(Activity.Snapshot(step: 0, collective: nil, changeCount: 0), state),
                Heartbeat(Self.activity("gather of block 12", step: 1 << 40, changes: .max), state),
            ] {
                #expect(heartbeat.encoded.count == 128)
                #expect(Heartbeat(decoding: heartbeat.encoded) == heartbeat)
            }
        }
        let long = Heartbeat(Self.activity(String(repeating: "x", count: 500)))
        #expect(Heartbeat(decoding: long.encoded).activity.collective == String(repeating: "x", count: 109))
    }
}
