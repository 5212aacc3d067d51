import CatenaEngine
import Testing

@Suite("Thread pool")
struct ThreadPoolTests {
    @Test("every task runs exactly once, over many short loops")
    func everyTaskOnce() {
        for pool in pools {
            for round in 0..<2000 {
                let tasks = round % 37
                var counts = [Int](repeating: 0, count: tasks)
                counts.withUnsafeMutableBufferPointer { buffer in
                    nonisolated(unsafe) let buffer = buffer
                    pool.run(tasks: tasks) { buffer[$0] += 1 }
                }
                guard counts.allSatisfy({ $0 == 1 }) else {
                    Issue.record("round \(round) with \(pool.threads) threads ran \(counts)")
                    return
                }
            }
        }
    }

    @Test("a loop inside a task runs, serially")
    func nested() {
        let pool = pools[1]
        var sums = [Int](repeating: 0, count: 8)
        sums.withUnsafeMutableBufferPointer { buffer in
            pool.run(tasks: 8) { outer in pool.run(tasks: 10) { inner in buffer[outer] += inner } }
        }
        #expect(sums == [Int](repeating: 45, count: 8))
    }

    @Test("row ranges cover all rows without overlap", arguments: [1, 2, 7, 100, 101])
    func rows(rows: Int) {
        for pool in pools {
            var seen = [Int](repeating: 0, count: rows)
            seen.withUnsafeMutableBufferPointer { buffer in
                pool.runRows(rows, minimumPerTask: 4) { range in for row in range { buffer[row] += 1 } }
            }
            #expect(seen.allSatisfy { $0 == 1 })
        }
    }
}
