import CatenaEngine

/// One block and one micro-batch within a pass: what the block reads, and its tape while that is kept.
final class BlockPass {
    private let stop: BlockRoute.Stop
    private var inputs = Streams()
    private var tape: Tape?
    private var outputs = Streams()

    init(_ stop: BlockRoute.Stop, reading values: [StreamName: Tensor]) {
        self.stop = stop
        for name in stop.block.reads {
            guard let value = values[name] else { preconditionFailure("no block has written the stream \(name)") }
            inputs[name] = Variable(value, requiresGradient: stop.wanted.contains(name))
        }
    }

    /// Runs the block and puts what it writes among `values`.
    func forward(_ batch: Batch, engine: Engine, keep: Bool, into values: inout [StreamName: Tensor]) {
        for (name, value) in run(batch, engine: engine, keep: keep) { values[name] = value }
    }

    /// What the block writes, taken before its tape drops what can be made again.
    @discardableResult
    private func run(_ batch: Batch, engine: Engine, keep: Bool) -> [(StreamName, Tensor)] {
        let tape = Tape(engine: engine, isRecording: true, randomKey: batch.randomKey)
        let outputs = stop.block.forward(inputs, of: batch, on: tape)
        let values = outputs.entries.map { ($0.name, $0.value.value) }
        tape.finishForward()
        if keep { (self.tape, self.outputs) = (tape, outputs) }
        return values
    }

    /// Takes the gradients of what the block wrote and adds those of what it read to `gradients`.
    func backward(_ gradients: inout [StreamName: Tensor], of batch: Batch, engine: Engine) {
        let given = stop.block.writes.compactMap { name in gradients.removeValue(forKey: name).map { (name, $0) } }
        guard !given.isEmpty else { return }
        if tape == nil { run(batch, engine: engine, keep: true) }
        guard let tape else { return }
        let outputs = outputs
        (self.tape, self.outputs) = (nil, Streams())
        tape.backward(from: given.map { (outputs[$0], $1) })
        for name in stop.wanted {
            guard let gradient = inputs[name].takeGradient() else { continue }
            if let other = gradients[name] {
                engine.add(gradient, into: other)
            } else {
                gradients[name] = gradient
            }
        }
    }
}
