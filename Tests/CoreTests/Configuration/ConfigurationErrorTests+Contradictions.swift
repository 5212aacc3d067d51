import Testing

/// Values that contradict each other.
extension ConfigurationErrorTests {
    @Test("two batch sizes contradict each other")
    func twoBatchSizes() {
        #expect(
            message(minimalConfiguration, ["training.global-batch=16", "training.batch-per-rank=4"]) == """
                --set training.batch-per-rank=4: training.global-batch (16) and training.batch-per-rank (4) both set the batch size; \
                keep global-batch for the same result at any number of ranks, or batch-per-rank to grow with them.
                """)
    }

    @Test("learning-rate scaling needs the batch that it scales from, and only then")
    func referenceBatch() {
        let perRank = "training.batch-per-rank=4"
        #expect(
            message(minimalConfiguration, [perRank, "training.learning-rate-scaling=linear"]) == """
                run.yaml:3:11: the key "training.reference-batch" is missing; give the global batch for which training.learning-rate \
                was chosen (learning-rate-scaling is linear).
                """)
        #expect(
            message(minimalConfiguration, [perRank, "training.reference-batch=8"]) == """
                --set training.reference-batch=8: training.reference-batch has no meaning with learning-rate-scaling none; remove it, \
                or set training.learning-rate-scaling to linear or sqrt.
                """)
        #expect(message(minimalConfiguration, ["training.learning-rate-scaling=none"]) == "accepted")
    }

    @Test("an adapter beside full training is a contradiction")
    func adapterAndFullTraining() {
        #expect(
            message(minimalConfiguration + "\nadapter: {rank: 8}", ["training.trainable=all"]) == """
                run.yaml:5:1: there is an adapter section, but training.trainable is all, which trains the model itself; remove one \
                of them.
                """)
    }

    @Test("int8 products without int8 storage or without an adapter are contradictions; they go with every placement")
    func int8Base() {
        let int8 = "base-compute=int8"
        #expect(message(minimalConfiguration, [int8]) == "accepted")
        #expect(
            message(minimalConfiguration, [int8, "base-storage=bfloat16"]) == """
                --set base-compute=int8: base-compute is int8, but base-storage is bfloat16; set base-storage to int8 or auto.
                """)
        #expect(
            message(minimalConfiguration, [int8, "training.trainable=all"]) == """
                --set base-compute=int8: base-compute is int8, but training.trainable is all, which has no frozen matrices; \
                remove base-compute.
                """)
        #expect(message(minimalConfiguration, [int8, "distributed.placement=sharded"]) == "accepted")
    }
}
