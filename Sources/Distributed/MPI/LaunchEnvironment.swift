/// What the environment says about how this process was started.
package struct LaunchEnvironment: Equatable, Sendable {
    /// The program that started the processes ("mpirun", "srun", "a PMI launcher"); nil for a process started alone.
    package let launcher: String?
    /// How many processes it says it started; nil when it does not say.
    package let expectedSize: Int?
    /// True when Open MPI's own mpirun (or its daemon on another host) is this process's parent.
    package let isUnderOpenMPIDaemon: Bool

    /// Reads the launchers' variables. A shell inside a Slurm allocation, which is no srun step of several tasks, counts as alone.
    package static func detect(in environment: [String: String]) -> LaunchEnvironment {
        func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
        if let size = number("OMPI_COMM_WORLD_SIZE") {
            let daemon = environment["OMPI_MCA_orte_hnp_uri"] != nil || environment["OMPI_MCA_ess_base_jobid"] != nil
            return LaunchEnvironment(launcher: "mpirun", expectedSize: size, isUnderOpenMPIDaemon: daemon)
        }
        if let tasks = number("SLURM_STEP_NUM_TASKS"), tasks > 1, environment["SLURM_PROCID"] != nil {
            return LaunchEnvironment(launcher: "srun", expectedSize: tasks, isUnderOpenMPIDaemon: false)
        }
        if let size = number("PMI_SIZE") {
            return LaunchEnvironment(launcher: "a PMI launcher", expectedSize: size, isUnderOpenMPIDaemon: false)
        }
        if environment["PMIX_RANK"] != nil {
            return LaunchEnvironment(
                launcher: "a PMIx launcher", expectedSize: number("SLURM_NTASKS"), isUnderOpenMPIDaemon: false)
        }
        return LaunchEnvironment(launcher: nil, expectedSize: nil, isUnderOpenMPIDaemon: false)
    }

    /// The process rank the launcher gave, known before MPI starts; 0 for a process started alone.
    package static func processRank(in environment: [String: String]) -> Int {
        for name in ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"] {
            if let rank = environment[name].flatMap({ Int($0) }) { return rank }
        }
        return 0
    }
}
