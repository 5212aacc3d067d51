import CatenaEngine
import CatenaModels
import Testing

@Suite("Tape")
struct TapeTests {
    private let engine = Engine(threads: 1)

    @Test("steps run in reverse order, and only where a gradient has arrived")
    func order() {
        let tape = Tape(engine: engine, isRecording: true)
        let variables = (0..<4).map { _ in Variable(engine.memory.zeros(rows: 1, columns: 1), requiresGradient: true) }
        var visited: [Int] = []
        tape.record(variables[1]) { _ in visited.append(1) }
        tape.record(variables[2]) { _ in visited.append(2) }
        tape.record(variables[3]) { gradient in
            visited.append(3)
            variables[1].adoptGradient(gradient, engine: engine)
        }
        tape.backward(from: variables[3], gradient: engine.memory.zeros(rows: 1, columns: 1))
        #expect(visited == [3, 1])
    }

    @Test("neither inference nor frozen results record anything")
    func recordsNothing() {
        let frozen = Variable(engine.memory.zeros(rows: 1, columns: 1), requiresGradient: false)
        let trained = Variable(engine.memory.zeros(rows: 1, columns: 1), requiresGradient: true)
        var visited = 0
        let inference = Tape(engine: engine, isRecording: false)
        inference.record(trained) { _ in visited += 1 }
        inference.backward(from: trained, gradient: engine.memory.zeros(rows: 1, columns: 1))
        let recording = Tape(engine: engine, isRecording: true)
        recording.record(frozen) { _ in visited += 1 }
        recording.backward(from: frozen, gradient: engine.memory.zeros(rows: 1, columns: 1))
        #expect(visited == 0)
    }

    @Test("frozen inputs get no gradient and no memory for one")
    func frozenInputs() {
        let tape = Tape(engine: engine, isRecording: true)
        let x = Variable(engine.memory.zeros(rows: 50, columns: 100), requiresGradient: false)
        let w = Variable(engine.memory.zeros(rows: 2, columns: 100), requiresGradient: true)
        let y = tape.multiply(x, transposed: w)
        tape.backward(from: y, gradient: engine.memory.zeros(rows: 50, columns: 2))
        #expect(x.gradient == nil)
        #expect(w.gradient != nil)
    }

    @Test("a tape that is dropped without a backward pass goes away with its activations", arguments: [0, 0.2])
    func released(dropout: Double) throws {
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        _ = try TinyModel.attach(TinyModel.lora(dropout: dropout), to: model)
        weak var dropped: Tape?
        do {
            let tape = Tape(engine: engine, isRecording: true)
            dropped = tape
            let hidden = Variable(engine.memory.zeros(rows: 4, columns: 8), requiresGradient: true)
            _ = model.layers[0].forward(
                hidden, layout: SequenceLayout(segmentStarts: [0, 4], positions: [0, 1, 2, 3]), on: tape)
        }
        #expect(dropped == nil)
    }
}
