internal import CMPI

/// The only place where an MPI code becomes a Swift error.
func mpi(_ call: String, processRank: Int, _ body: () -> Int32) throws(CommunicatorError) {
    let code = body()
    guard code == 0 else {
        throw .mpi(call: call, code: code, processRank: processRank, message: mpiMessage(for: code))
    }
}

/// How many of `remaining` elements of `width` bytes one call of MPI takes.
package func mpiChunk(remaining: Int, width: Int) -> Int { Int(cmpi_chunk(Int64(remaining), Int64(width))) }

private func mpiMessage(for code: Int32) -> String {
    unsafe text(capacity: 512) { _ = unsafe cmpi_error_string(code, $0, $1) }
}

/// Reads a zero-terminated text that `fill` writes into a buffer of `capacity` bytes.
func text(capacity: Int, _ fill: (UnsafeMutablePointer<CChar>, Int32) -> Void) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: capacity) { buffer in
        unsafe buffer.initialize(repeating: 0)
        guard let start = buffer.baseAddress else { return "" }
        unsafe fill(start, Int32(capacity))
        return unsafe String(cString: start)
    }
}
