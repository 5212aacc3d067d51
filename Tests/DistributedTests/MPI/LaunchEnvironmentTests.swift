import CatenaDistributed
import Testing

@Suite("Launch environment")
struct LaunchEnvironmentTests {
    @Test("without a launcher's variables the process is alone, in a Slurm batch script too")
    func alone() throws {
        #expect(LaunchEnvironment.detect(in: [:]).launcher == nil)
        #expect(LaunchEnvironment.detect(in: ["SLURM_NTASKS": "4", "SLURM_PROCID": "0"]).launcher == nil)
        #expect(LaunchEnvironment.detect(in: ["SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"]).launcher == nil)
        let session = try MPISession.start(environment: [:])
        #expect(session.communicator.size == 1)
        #expect(session.communicator is SingleProcessCommunicator)
        try session.end()
    }

    @Test("mpirun, srun and PMI launchers are known by what they set")
    func launchers() {
        let mpirun = LaunchEnvironment.detect(in: [
            "OMPI_COMM_WORLD_SIZE": "2", "OMPI_MCA_orte_hnp_uri": "x", "SLURM_STEP_NUM_TASKS": "5", "SLURM_PROCID": "1",
        ])
        #expect(mpirun.launcher == "mpirun")
        #expect(mpirun.expectedSize == 2)
        #expect(mpirun.isUnderOpenMPIDaemon)
        let srun = LaunchEnvironment.detect(in: ["SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "3", "PMIX_RANK": "3"])
        #expect(srun.launcher == "srun")
        #expect(srun.expectedSize == 4)
        #expect(!srun.isUnderOpenMPIDaemon)
        #expect(LaunchEnvironment.detect(in: ["PMI_SIZE": "3"]).expectedSize == 3)
    }

    @Test("the process rank is known before MPI starts")
    func ranks() {
        #expect(LaunchEnvironment.processRank(in: [:]) == 0)
        #expect(LaunchEnvironment.processRank(in: ["OMPI_COMM_WORLD_RANK": "3"]) == 3)
        #expect(LaunchEnvironment.processRank(in: ["SLURM_PROCID": "2"]) == 2)
    }
}
