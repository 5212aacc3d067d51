import Foundation

/// A job of one process: every collective is the identity. MPI is not started.
public final class SingleProcessCommunicator: Communicator {
    public let rank = 0
    public let size = 1
    public let hostRank = 0
    public let hostSize = 1
    public let hostIndex = 0
    public let hostCount = 1
    public let hostName: String

    public init() {
        hostName = ProcessInfo.processInfo.hostName
    }

    public let allowsSeveralThreads = true

    public func makeRing() throws(CommunicatorError) -> any GatherRing { SingleProcessRing() }
    public func barrier(sleeping: Bool) throws(CommunicatorError) {}
    public func broadcast(_ bytes: UnsafeMutableRawBufferPointer, from root: Int) throws(CommunicatorError) {}
    public func allReduceSum(_ values: UnsafeMutableBufferPointer<Float>) throws(CommunicatorError) {}
    public func allReduceSum(_ values: UnsafeMutableBufferPointer<Double>) throws(CommunicatorError) {}
    public func allReduceMin(_ values: [Int64]) throws(CommunicatorError) -> [Int64] { values }
    public func allReduceMax(_ values: [Int64]) throws(CommunicatorError) -> [Int64] { values }
    public func allGather(_ bytes: [UInt8]) throws(CommunicatorError) -> [[UInt8]] { [bytes] }
    public func gather(_ bytes: [UInt8], to root: Int) throws(CommunicatorError) -> [[UInt8]]? { [bytes] }

    public func send(_ bytes: UnsafeRawBufferPointer, to peer: Int, tag: Int) throws(CommunicatorError) {
        preconditionFailure("a job of one process has no peer to send to")
    }

    public func receive(into bytes: UnsafeMutableRawBufferPointer, from peer: Int, tag: Int) throws(CommunicatorError) {
        preconditionFailure("a job of one process has no peer to receive from")
    }

    public func exchange(sends: [OutgoingMessage], receives: [IncomingMessage], tag: Int) throws(CommunicatorError) {
        precondition(sends.isEmpty && receives.isEmpty, "a job of one process has no peer to exchange with")
    }

    public func abort(exitCode: Int32) -> Never {
        exit(exitCode)
    }
}
