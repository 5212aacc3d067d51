import CatenaAdapters
import CatenaEngine
import CatenaModels

extension LanguageModel {
    /// Collective: sets the first values of the adapters that are made from the model's matrices.
    ///
    /// Each matrix is the work of one process, which sends the result to the others: the same bits everywhere, whatever the
    /// number of processes.
    package func initialiseAdapters(_ communicator: any Communicator) throws {
        let (rank, size) = (communicator.rank, communicator.size)
        let adapters = try communicator.agree("initialise the adapter") {
            try Activity.process.during("initialisation of the adapter") {
                try initialiseFromWeights { $0 % size == rank }
            }
        }
        guard size > 1 else { return }
        for (index, adapter) in adapters.enumerated() {
            for value in adapter.initialisedValues { try communicator.broadcast(value, from: index % size) }
        }
    }
}

extension Communicator {
    /// Copies the numbers of process `root` to all.
    func broadcast(_ tensor: Tensor, from root: Int) throws(CommunicatorError) {
        unsafe try broadcast(
            UnsafeMutableRawBufferPointer(start: tensor.pointer, count: tensor.count * MemoryLayout<Float>.stride),
            from: root)
    }
}
