import CatenaDistributed

let hostChecks: [Check] = [
    Check(name: "suggested threads never exceed the allowed cores of the host") { communicator, expectations in
        let threads = try HostFacts.suggestedThreads(communicator)
        let allowed = HostFacts.current().allowedCores.cores.count
        expectations.expect((1...max(1, allowed)).contains(threads), "\(threads) threads on \(allowed) cores")
    }
]
