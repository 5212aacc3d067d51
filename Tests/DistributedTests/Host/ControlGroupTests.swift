import CatenaDistributed
import Testing

@Suite("Control groups")
struct ControlGroupTests {
    @Test("the tightest quota and the least free memory up to the root count, version 2")
    func unified() {
        let paths = ControlGroup.paths(procSelfCgroup: "0::/jobs/7\n")
        #expect(paths == ControlGroup.Paths(unified: "/jobs/7"))
        let files = [
            "/sys/fs/cgroup/jobs/7/cpu.max": "max 100000\n", "/sys/fs/cgroup/jobs/cpu.max": "150000 100000\n",
            "/sys/fs/cgroup/jobs/7/memory.max": "1000\n", "/sys/fs/cgroup/jobs/7/memory.current": "400\n",
            "/sys/fs/cgroup/jobs/memory.max": "max\n", "/sys/fs/cgroup/jobs/memory.current": "500\n",
        ]
        #expect(ControlGroup.cpuQuota(paths) { files[$0] } == 1.5)
        #expect(ControlGroup.freeMemoryBytes(paths) { files[$0] } == 600)
    }

    @Test("version 1 controllers are read from their own trees")
    func versionOne() {
        let paths = ControlGroup.paths(procSelfCgroup: "4:cpu,cpuacct:/a\n3:memory:/b\n")
        #expect(paths == ControlGroup.Paths(cpu: "/a", memory: "/b"))
        let files = [
            "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "/sys/fs/cgroup/memory/b/memory.limit_in_bytes": "9223372036854771712",
            "/sys/fs/cgroup/memory/b/memory.usage_in_bytes": "1",
        ]
        #expect(ControlGroup.cpuQuota(paths) { files[$0] } == 0.5)
        #expect(ControlGroup.freeMemoryBytes(paths) { files[$0] } == nil)
    }

    @Test("without limits there is no quota")
    func none() {
        let paths = ControlGroup.paths(procSelfCgroup: nil)
        #expect(ControlGroup.cpuQuota(paths) { _ in nil } == nil)
    }
}
