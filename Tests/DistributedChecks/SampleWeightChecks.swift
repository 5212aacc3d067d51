import CatenaDistributed
import CatenaLearning
import CatenaModels
import CatenaReporting

/// Micro-batches of up to four samples, some without anything to learn, one without samples.
private func weighings(_ count: Int) -> [Weighing] {
    (0..<count).map { index in
        let samples = (0..<(index * 3) % 5).map { sample in
            SampleLoss(sum: Double((index * 7 + sample * 5) % 11) / 3, weight: Double((index + sample) % 4))
        }
        return Weighing(samples: samples, factors: samples.flatMap { _ in [1, -1] })
    }
}

private func weigh(
    _ all: [Weighing], _ section: RunConfiguration.SampleWeightingSection, _ communicator: any Communicator
) throws -> (own: [Weighing], means: [Double]) {
    guard let weigher = SampleWeigher(section, communicator: communicator) else { return ([], []) }
    weigher.begin(step: 3)
    let share = ReductionTree.share(of: all.count, rank: communicator.rank, size: communicator.size)
    let own =
        section.scope == .step ? weigher.weigh(Array(all[share])) : share.flatMap { weigher.weigh([all[$0]]) }
    try weigher.requireHeard()
    return (own, try weigher.summary().means(weightedLoss: 0).map(\.value))
}

let sampleWeightChecks: [Check] = RunConfiguration.SampleWeightingSection.Scope.allCases.map { scope in
    Check(name: "weights of samples do not depend on ranks, scope \(scope.rawValue)") { communicator, expectations in
        for strategy in SampleWeightStrategy.allCases {
            for isTokenAware in [true, false] {
                var section = RunConfiguration.SampleWeightingSection()
                (section.strategy, section.temperature, section.scope) = (strategy, 0.4, scope)
                section.isTokenAware = isTokenAware
                // Fewer micro-batches than ranks, and more.
                for count in [2, 3, 7] {
                    let all = weighings(count)
                    let expected = try weigh(all, section, SingleProcessCommunicator())
                    let found = try weigh(all, section, communicator)
                    let share = ReductionTree.share(of: count, rank: communicator.rank, size: communicator.size)
                    expectations.expect(found.own == Array(expected.own[share]), "\(strategy), \(count): other weights")
                    expectations.expect(found.means == expected.means, "\(strategy), \(count): other numbers")
                    expectations.expect(expected.own != all || count == 2, "\(strategy), \(count): nothing is weighted")
                }
            }
        }
    }
}
