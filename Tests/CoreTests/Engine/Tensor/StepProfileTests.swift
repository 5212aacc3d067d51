import CatenaEngine
import CatenaModels
import Testing

@Suite("Profiles of steps")
struct StepProfileTests {
    @Test("the outermost report counts, and an engine without a profile reports nothing")
    func outermost() {
        let engine = Engine(threads: 1)
        let profile = StepProfile()
        #expect(engine.measured(.norm, operations: 5) { 3 } == 3)
        engine.profile = profile
        engine.measured(.head, operations: 7) {
            engine.measured(.norm, operations: 5) {}
        }
        engine.profile = nil
        engine.measured(.norm, operations: 5) {}
        #expect(profile.entry(.head).operations == 7)
        #expect(profile.entry(.head).seconds >= 0)
        #expect(profile.entry(.norm).operations == 0)
        profile.reset()
        #expect(profile.entry(.head).operations == 0)
    }

    @Test("a frozen product counts two operations for each element of X and each row of W")
    func operationsOfProducts() {
        let engine = Engine(threads: 1)
        let profile = StepProfile()
        engine.profile = profile
        let weight = Float32Weight(engine.memory.zeros(rows: 9, columns: 7))
        let tape = Tape(engine: engine, isRecording: true)
        let x = Variable(engine.memory.zeros(rows: 5, columns: 7), requiresGradient: true)
        let y = tape.multiply(x, frozen: weight, part: .queryKeyValue)
        tape.backward(from: y, gradient: engine.memory.zeros(rows: 5, columns: 9))
        #expect(profile.entry(.queryKeyValue).operations == 1260)
    }
}
