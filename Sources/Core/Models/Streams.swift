public import CatenaEngine

/// The name of what flows from block to block; a family that needs another one adds it in its own file.
public struct StreamName: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// A stream called `name`.
    public init(_ name: String) { description = name }

    /// The hidden states `[N, D]`, which every model has and the head reads.
    public static let hidden = StreamName("hidden")
}

/// What flows between blocks, by name. A block gives what it writes; what it does not write flows past it, to any later block.
public struct Streams {
    private(set) var entries: [(name: StreamName, value: Variable)] = []

    /// Nothing yet.
    public init() {}

    /// What a pass begins with: nothing for tokens, which the first block looks up itself.
    init(of batch: Batch, memory: TensorMemory) {
        for (name, value) in batch.inputs(memory) { self[name] = Variable(value, requiresGradient: false) }
    }

    /// Hidden states alone.
    public init(hidden: Variable) { entries = [(.hidden, hidden)] }

    /// The stream `name`, which a block before has to have written.
    public subscript(name: StreamName) -> Variable {
        get {
            guard let entry = entries.first(where: { $0.name == name }) else {
                preconditionFailure("no block has written the stream \(name)")
            }
            return entry.value
        }
        set {
            if let index = entries.firstIndex(where: { $0.name == name }) {
                entries[index].value = newValue
            } else {
                entries.append((name, newValue))
            }
        }
    }

    /// Takes over what a block wrote.
    mutating func write(_ written: Streams) {
        for entry in written.entries { self[entry.name] = entry.value }
    }
}
