import CatenaDistributed
import Testing

@Suite("Communicator errors")
struct CommunicatorErrorTests {
    @Test("a peer's failure names the rank, the work and its own message")
    func peerFailed() {
        let error = CommunicatorError.peerFailed(
            processRank: 2, work: "reading the model", message: "model.safetensors is truncated.")
        #expect(error.description == "process rank 2 failed in reading the model: model.safetensors is truncated.")
    }

    @Test("alone, agree passes results and errors through")
    func agreeAlone() throws {
        let communicator = SingleProcessCommunicator()
        #expect(try communicator.agree("work") { 5 } == 5)
        #expect(throws: CommunicatorError.alreadyFinalized) {
            try communicator.agree("work") { throw CommunicatorError.alreadyFinalized }
        }
        try communicator.requireEqual("configuration", "x")
    }
}
