import CatenaAdapters
import CatenaLearning
import CatenaFiles
import CatenaModels
import Testing

@Suite("Plan of a run")
struct PlanTests {
    private typealias Placement = RunConfiguration.DistributedSection.Placement

    private func request(
        _ shape: String, ranks: Int, hosts: Int, memory: Int = 64_000_000_000, sequence: Int = 2048, microBatches: Int,
        placement: Placement = .auto, storage: TensorEncoding = .bfloat16
    ) throws -> PlanRequest {
        let configuration = try #require(try BenchmarkShape.configuration(shape))
        return PlanRequest(
            inventory: try ModelInventory(
                configuration: configuration, storage: .encoding(storage), adapter: AdapterSection()),
            work: .init(sequenceTokens: sequence, microBatchSequences: 1, microBatches: microBatches),
            cluster: .init(
                ranks: ranks, hosts: hosts, memoryBytesPerHost: memory, coresPerHost: 32, gigaflopsPerCore: 50,
                networkBytesPerSecond: 25e9 / 8),
            placement: placement)
    }

    @Test("weights of a 70 B model on 64 hosts: a share, a gathered and a decoded layer")
    func shardedMemory() throws {
        let request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 128, placement: .sharded)
        let memory = PlannedMemory(request, placement: .sharded)
        #expect(memory.weightBytes == 137_950_658_560 / 64 + 4 * 161 * 8192)
        #expect(memory.gatherBytes == 2 * 855_638_016 + 4 * 855_638_016)
        #expect(memory.sharedWeightBytes == 0)
        // Layer-major: the inputs of 80 layers, the last output and a gradient for both micro-batches.
        let kept = 2 * 8192 * 2 + 2 * 1024 + 2 * 28672 + 64 + 2 + 56
        let passed = 2048 * (2 * 82 * 8192 + kept)
        let head = 3 * 2048 * 8192 + 512 * 32000
        #expect(memory.activationBytes == 4 * (passed + 2048 * (2 * 28672 + 3 * 8192) + head))
        // Values, gradients, two moments, a second micro-batch's gradients, a partial sum and the others' parts of it.
        #expect(memory.trainableBytes == 4 * 103_546_880 * 7)
    }

    @Test(
        "sizes of model, batch and cluster that are more bytes than 64 bits count are refused, all at their limits",
        arguments: [(1 << 22, 1 << 20), (1 << 22, 1), (2048, 1 << 20)])
    func beyondCounting(sequence: Int, microBatches: Int) throws {
        let huge = try request(
            "llama-70b", ranks: 1 << 20, hosts: 1 << 20, sequence: sequence, microBatches: microBatches)
        #expect(throws: PlanningError.beyondCounting) { try huge.requireCountable() }
        try request("llama-70b", ranks: 64, hosts: 64, microBatches: 128).requireCountable()
    }

    @Test("activations of a model that keeps them, by hand")
    func activations() throws {
        let request = try request("tinyllama-1.1b", ranks: 1, hosts: 1, sequence: 512, microBatches: 4)
        #expect(PlannedMemory(request, placement: .replicated).activationBytes == 1_021_698_048)
    }

    @Test("what a method keeps beside the trained numbers is part of a rank's memory")
    func keptMemory() throws {
        var request = try request("smollm2-135m", ranks: 2, hosts: 2, microBatches: 4)
        let lora = PlannedMemory(request, placement: .sharded)
        request.inventory = try ModelInventory(
            configuration: request.inventory.configuration, storage: .encoding(.bfloat16),
            adapter: try AdapterMethod.named("pissa").defaultSection)
        let pissa = PlannedMemory(request, placement: .sharded)
        #expect(lora.adapterBytes == 0)
        #expect(pissa.adapterBytes == 4 * request.inventory.trainableElements)
        #expect(
            pissa.rankBytes - lora.rankBytes == pissa.adapterBytes + pissa.activationBytes - lora.activationBytes)
    }

    @Test("a mapped float32 file is private to nobody, a decoded one to each rank, and node shares both")
    func placements() throws {
        let mapped = try request("smollm2-135m", ranks: 4, hosts: 2, microBatches: 4, storage: .float32)
        let decoded = try request("smollm2-135m", ranks: 4, hosts: 2, microBatches: 4, storage: .bfloat16)
        let matrices = 4 * (134_515_008 - 61 * 576)
        #expect(PlannedMemory(mapped, placement: .replicated).sharedWeightBytes == matrices)
        #expect(PlannedMemory(mapped, placement: .replicated).weightBytes == 4 * 61 * 576)
        #expect(PlannedMemory(decoded, placement: .replicated).weightBytes == matrices + 4 * 61 * 576)
        let node = PlannedMemory(decoded, placement: .node)
        #expect(node.sharedWeightBytes == matrices)
        #expect(node.hostBytes(ranks: 2) == 2 * (node.rankBytes - matrices) + matrices)
    }

    @Test(
        "a base in fewer bits takes its own bytes in every placement, and costs a decoding pass or fewer products")
    func baseFormats() throws {
        var request = try request("smollm2-135m", ranks: 2, hosts: 1, microBatches: 2, storage: .float32)
        let (matrices, vectors) = (134_515_008 - 61 * 576, 4 * 61 * 576)
        let plain = PlannedTime(request, placement: .replicated)
        request.baseFormat = try #require(BaseFormat(storage: .bfloat16, compute: .float32))
        let rounded = PlannedMemory(request, placement: .replicated)
        #expect(rounded.weightBytes == 2 * matrices + vectors && rounded.sharedWeightBytes == 0)
        // Layers forward and backward, and the table, for the one micro-batch of a rank, on 16 cores.
        let table = 49152.0 * 576
        let decoding = (2 * (Double(matrices) - table) + table) / (0.8e9 * 16)
        #expect(
            abs(PlannedTime(request, placement: .replicated).computeSeconds - plain.computeSeconds - decoding) < 1e-6)
        request.baseFormat = try #require(BaseFormat(storage: .auto, compute: .int8))
        let codes = PlannedMemory(request, placement: .replicated)
        #expect(codes.weightBytes == matrices + vectors && codes.sharedWeightBytes == 0)
        let saved = (1 - 1 / 1.95) * 4 * Double(matrices) * 2048 / (50e9 * 16 * 0.91)
        #expect(abs(plain.computeSeconds - PlannedTime(request, placement: .replicated).computeSeconds - saved) < 1e-6)
        let node = PlannedMemory(request, placement: .node)
        #expect(node.sharedWeightBytes == matrices && node.weightBytes == vectors)
        let sharded = PlannedMemory(request, placement: .sharded)
        #expect(sharded.weightBytes == vectors + matrices / 2 && sharded.gatherBytes == 2 * 49152 * 576)
        // No table is gathered for the rows that are looked up.
        let traffic = PlannedTraffic(request, placement: .sharded)
        #expect(traffic.gathers == (2 * 30 + 1) * request.passesPerStep(.sharded))
        request.placement = .sharded
        #expect(Plan(request).placement == .sharded)
    }

    @Test("traffic of a 70 B step: 162 gathers of 63/64 of a block, twice 63/64 of the adapter")
    func traffic() throws {
        let request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 128, placement: .sharded)
        let traffic = PlannedTraffic(request, placement: .sharded)
        #expect(traffic.gathers == 162)
        #expect(traffic.gatherBytesPerRank == (2 * 80 * 2 * 855_638_016 + 2 * 2 * 32000 * 8192) / 64 * 63)
        #expect(traffic.gatherBytesPerHost == traffic.gatherBytesPerRank)
        #expect(traffic.reductionBytesPerRank == 4 * 103_546_880 / 64 * 63 * 2)
        #expect(traffic.reductionBytesPerHost == traffic.reductionBytesPerRank)
        var micro = request
        micro.accumulation = .microMajor
        #expect(PlannedTraffic(micro, placement: .sharded).gathers == 2 * 162)
    }

    @Test("a reference is one more forward pass: its gathers, and a third of the time of a step without recomputation")
    func reference() throws {
        var request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 128, placement: .sharded)
        request.accumulation = .microMajor
        let without = (PlannedTraffic(request, placement: .sharded), PlannedTime(request, placement: .sharded))
        request.work.hasReference = true
        let with = (PlannedTraffic(request, placement: .sharded), PlannedTime(request, placement: .sharded))
        #expect(with.0.gathers == without.0.gathers + 2 * (80 + 2))
        #expect(
            with.0.gatherBytesPerRank - without.0.gatherBytesPerRank
                == 2 * ((80 * 2 * 855_638_016 + 2 * 2 * 32000 * 8192) / 64 * 63))
        #expect((1.4...1.6).contains(with.1.computeSeconds / without.1.computeSeconds))
        #expect(with.1.gatherSeconds > without.1.gatherSeconds)
    }

    @Test(
        "weighted samples take one more forward pass of all micro-batches of a rank but the first, and only micro-major"
    )
    func weighedSamples() throws {
        for (microBatches, ahead) in [(64, 0), (128, 1), (256, 3)] {
            var request = try request(
                "llama-70b", ranks: 64, hosts: 64, microBatches: microBatches, placement: .sharded)
            request.accumulation = .microMajor
            let without = (PlannedTraffic(request, placement: .sharded), PlannedTime(request, placement: .sharded))
            request.work.weighsSamples = true
            let with = (PlannedTraffic(request, placement: .sharded), PlannedTime(request, placement: .sharded))
            #expect(request.measuredAhead(.sharded) == ahead)
            #expect(with.0.gathers == without.0.gathers + (ahead > 0 ? 80 + 2 : 0))
            // Of forward and backward passes of equal cost a third is a half of the forward's and backward's sum.
            let share = Double(ahead) / Double(ahead + 1)
            let more = with.1.computeSeconds / without.1.computeSeconds - 1
            #expect(abs(more - share / 2) <= 0.05 * share)
            #expect(ahead > 0 ? with.1.gatherSeconds > without.1.gatherSeconds : with == without)
            request.accumulation = .layerMajor
            #expect(request.measuredAhead(.sharded) == 0)
            request.work.hasReference = true
            request.accumulation = .microMajor
            request.work.weighsSamples = false
            let plain = PlannedTraffic(request, placement: .sharded)
            request.work.weighsSamples = true
            // The reference is asked twice at most: for those ahead together, and for the first.
            let references = (plain: ahead + 1, weighed: min(ahead + 1, 2))
            #expect(
                PlannedTraffic(request, placement: .sharded).gathers
                    == plain.gathers + (references.weighed - references.plain + (ahead > 0 ? 1 : 0)) * (80 + 2))
        }
    }

    @Test("ranks of one host load its link with one copy of a gather, and nothing when it is alone")
    func trafficOfHosts() throws {
        let two = try request("tinyllama-1.1b", ranks: 8, hosts: 2, microBatches: 8, placement: .sharded)
        let traffic = PlannedTraffic(two, placement: .sharded)
        #expect(traffic.gatherBytesPerHost == traffic.gatherBytesPerRank)
        // Each of four ranks sends four of its seven parts away.
        #expect(traffic.reductionBytesPerHost == 4 * (traffic.reductionBytesPerRank / 7) * 4)
        let one = try request("tinyllama-1.1b", ranks: 8, hosts: 1, microBatches: 8, placement: .sharded)
        #expect(PlannedTraffic(one, placement: .sharded).gatherBytesPerHost == 0)
        let replicated = PlannedTraffic(two, placement: .replicated)
        #expect(replicated.gathers == 0)
        #expect(replicated.reductionBytesPerRank == traffic.reductionBytesPerRank)
    }

    @Test(
        "a gather takes its bytes over nine tenths of the line and the ring's steps; computing its operations over the rate"
    )
    func time() throws {
        var request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 64, placement: .sharded)
        request.prefetches = false
        let time = PlannedTime(request, placement: .sharded)
        let layer = 2.0 * 855_638_016 * 63 / 64 / (0.9 * 3.125e9) + 63 * 100e-6
        let table = 2.0 * 32000 * 8192 * 63 / 64 / (0.9 * 3.125e9) + 63 * 100e-6
        #expect(abs(time.gatherSeconds - (160 * layer + 2 * table)) < 1e-6)
        #expect(time.gatherWaitSeconds == time.gatherSeconds)
        // Layers forward, again, and backward; 2049/2 keys on average; the adapter; the head.
        let adapter = 103_546_880.0 / 80
        let attention = 4.0 * 8192 * 2049 / 2
        let forward = 2.0 * 855_638_016 + attention + 2 * adapter
        let backward = 2.0 * 855_638_016 + 2.5 * attention + 4 * adapter + forward
        let operations = 2048 * (80 * (forward + backward) + 4.0 * 32000 * 8192)
        let decoding = (160 * 855_638_016.0 + 32000 * 8192) / (0.8e9 * 32)
        #expect(abs(time.computeSeconds - operations / (50e9 * 32 * 0.91) - decoding) < 1e-6)
        #expect(abs(time.stepSeconds - time.computeSeconds - time.gatherSeconds - time.reductionSeconds) < 1e-9)
    }

    @Test("prefetch hides gathers behind computing, entirely from the number of micro-batches that it says")
    func prefetch() throws {
        var request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 64, placement: .sharded)
        request.cluster.networkBytesPerSecond = 1e9 / 8
        let slow = PlannedTime(request, placement: .sharded)
        #expect(slow.gatherWaitSeconds < slow.gatherSeconds)
        let count = try #require(slow.microBatchesThatHideGathers)
        #expect(count > 1)
        let layer = slow.gatherSeconds / 160
        request.work.microBatches = 64 * count
        // The first block, the layer during the lookup, and what the head does not hide.
        #expect(PlannedTime(request, placement: .sharded).gatherWaitSeconds < 3 * layer)
        request.work.microBatches = 64 * (count - 1)
        #expect(PlannedTime(request, placement: .sharded).gatherWaitSeconds > 0.05 * 80 * layer / Double(count))
    }

    @Test("the bottleneck has a name: computing, a slow network's gathers, its reduction, or the memory")
    func bottlenecks() throws {
        var request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 64)
        #expect(Plan(request).placement == .sharded)
        #expect(Plan(request).bottleneck == .compute)
        request.cluster.networkBytesPerSecond = 1e9 / 8
        let slow = Plan(request)
        #expect(slow.bottleneck == .gather)
        let hiding = slow.time.microBatchesThatHideGathers ?? 0
        #expect(slow.advice.contains { $0.hasPrefix("from \(hiding) micro-batches a rank on (now 1;") })
        request.cluster.memoryBytesPerHost = 8_000_000_000
        #expect(Plan(request).bottleneck == .memory)
        var small = try self.request("tiny", ranks: 64, hosts: 64, sequence: 16, microBatches: 64)
        small.cluster.networkBytesPerSecond = 1e6
        #expect(Plan(small).placement == .replicated)
        #expect(Plan(small).bottleneck == .reduction)
    }

    @Test("a run that does not fit says by how much, and each remedy it names fits")
    func doesNotFit() throws {
        let request = try request("llama-70b", ranks: 8, hosts: 8, memory: 32_000_000_000, microBatches: 8)
        let plan = Plan(request)
        #expect(!plan.fits)
        #expect(plan.missingBytes == plan.memory.rankBytes - 25_600_000_000)
        let hosts = try #require(
            plan.advice.compactMap { $0.hasPrefix("use ") ? Int($0.split(separator: " ")[1]) : nil }.first)
        var larger = request
        (larger.cluster.ranks, larger.cluster.hosts) = (hosts, hosts)
        #expect(Plan(larger).fits)
        (larger.cluster.ranks, larger.cluster.hosts) = (hosts - 1, hosts - 1)
        #expect(!Plan(larger).fits)
    }

    @Test("a model that is trained as a whole is never sharded, and more hosts are no remedy")
    func trainsAll() throws {
        let configuration = try #require(try BenchmarkShape.configuration("llama-70b"))
        var request = try request("llama-70b", ranks: 64, hosts: 64, microBatches: 64)
        request.inventory = try ModelInventory(
            configuration: configuration, storage: .encoding(.bfloat16), adapter: nil)
        request.trainsAll = true
        let plan = Plan(request)
        #expect(plan.placement == .replicated)
        #expect(!plan.fits)
        #expect(!plan.advice.contains { $0.contains("hosts with one rank") || $0.contains("sharded") })
    }

    @Test("ranks without work and uneven shares are pointed out")
    func shares() throws {
        let idle = try request("tiny", ranks: 8, hosts: 1, microBatches: 6)
        #expect(Plan(idle).advice.contains { $0.contains("only 6 of 8 ranks have work") })
        let uneven = try request("tiny", ranks: 8, hosts: 1, microBatches: 12)
        #expect(Plan(uneven).advice.contains { $0.contains("12 micro-batches do not divide by 8 ranks") })
        #expect(Plan(try request("tiny", ranks: 8, hosts: 1, microBatches: 16)).advice.isEmpty)
    }

    @Test("table and JSON tell the same placement, bottleneck and fit")
    func outputs() throws {
        let plan = Plan(try request("llama-70b", ranks: 64, hosts: 64, microBatches: 64))
        #expect(plan.text.split(separator: "\n").count <= 30)
        #expect(plan.text.contains("placement             sharded: "))
        #expect(plan.json["placement"] == .string("sharded"))
        #expect(plan.json["bottleneck"] == .string("compute"))
        #expect(plan.json["fits"] == .bool(true))
        #expect(plan.json["memory_by_placement"]?["node"]?["shared_weight_bytes"]?.intValue == 275_901_317_120)
    }
}
