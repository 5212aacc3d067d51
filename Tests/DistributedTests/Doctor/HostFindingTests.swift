import CatenaDistributed
import Testing

@Suite("Doctor findings on shared memory and limits")
struct HostFindingTests {
    private func found(ranks: Int = 2, _ change: (inout RankFacts) -> Void) -> [Finding] {
        Finding.all(
            in: (0..<ranks).map {
                var facts = RankFacts(rank: $0, cores: [$0])
                change(&facts)
                return facts
            })
    }

    @Test("a container's 64 MB of /dev/shm are too few for many ranks, scarce for two, and enough for one")
    func smallSharedMemory() {
        let small = DiskSpace(folder: "/dev/shm", freeBytes: 67_108_864)
        let two = found { $0.sharedMemory = small }
        #expect(two.map(\.severity) == [.warning])
        #expect(two.first?.text.contains("/dev/shm of host has 67.1 MB free of 67.1 MB for 2 ranks") == true)
        #expect(two.first?.text.contains("--shm-size") == true)
        #expect(found(ranks: 8) { $0.sharedMemory = small }.map(\.severity) == [.error])
        #expect(found(ranks: 1) { $0.sharedMemory = small } == [])
    }

    @Test("a /dev/shm that is missing or read-only is said to be so")
    func noSharedMemory() {
        #expect(found { $0.sharedMemory = nil }.first?.text.contains("there is no /dev/shm on host") == true)
        let readOnly = DiskSpace(folder: "/dev/shm", freeBytes: 8_000_000_000, isWritable: false)
        #expect(found { $0.sharedMemory = readOnly }.first?.text.contains("/dev/shm is not writable") == true)
    }

    @Test("ranks that may not read each other's memory: Yama's switch, or the container's capability")
    func singleCopy() {
        #expect(found { $0.readsNeighbours = true } == [])
        let yama = found {
            $0.readsNeighbours = false
            $0.limits.ptraceScope = 2
        }
        #expect(yama.first?.text.contains("ptrace_scope is 2; sysctl kernel.yama.ptrace_scope=0") == true)
        #expect(found { $0.readsNeighbours = false }.first?.text.contains("--cap-add SYS_PTRACE") == true)
    }

    @Test("open files, address space, and locked memory where there is InfiniBand")
    func limits() {
        #expect(found { $0.limits.openFiles = 68 } == [])
        #expect(found { $0.limits.openFiles = 67 }.first?.text.contains("may open 67 files, a job of 2 ranks") == true)
        #expect(
            found { $0.limits.addressSpaceBytes = 4_000_000_000 }.first?.text.contains("limited to 4.0 GB") == true)
        #expect(found { $0.limits.lockedBytes = 65_536 } == [])
        let device = found {
            $0.limits.lockedBytes = 65_536
            $0.limits.hasInfiniband = true
        }
        #expect(device.first?.text.contains("may lock only 65.5 kB") == true)
    }
}
