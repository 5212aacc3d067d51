import CatenaDistributed
import Testing

@Suite("Activity")
struct ActivityTests {
    private struct Refused: Error {}

    @Test("the oldest open collective is published, and nothing after the last is left")
    func nested() {
        let activity = Activity()
        activity.begin(step: 3)
        #expect(activity.snapshot.collective == nil)
        let outer = activity.enter("reduction")
        let inner = activity.enter("exchange")
        #expect(activity.snapshot.collective == "reduction")
        // A second thread's collective may outlive the first one's.
        activity.leave(outer)
        #expect(activity.snapshot.collective == "exchange")
        activity.leave(inner)
        #expect(activity.snapshot.collective == nil)
        #expect(activity.step == 3)
    }

    @Test("a collective that throws is left")
    func throwing() {
        let activity = Activity()
        #expect(throws: Refused.self) { try activity.during("gather") { throw Refused() } }
        #expect(activity.snapshot.collective == nil)
    }

    @Test("every change counts")
    func changes() {
        let activity = Activity()
        var counts = [activity.snapshot.changeCount]
        activity.begin(step: 1)
        counts.append(activity.snapshot.changeCount)
        let number = activity.enter("gather")
        counts.append(activity.snapshot.changeCount)
        activity.leave(number)
        counts.append(activity.snapshot.changeCount)
        #expect(Set(counts).count == 4)
    }
}
