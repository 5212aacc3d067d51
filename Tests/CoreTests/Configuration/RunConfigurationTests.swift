import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels
import CatenaSchema
import Testing

/// The example of the documentation.
private let documented = """
    model: models/smollm2              # HF folder or a .gguf file
    adapter:
      method: lora
      rank: 8
      alpha: 16
      targets: all-linear
      init: runs/earlier/adapter
    data:
      train: data/train.jsonl
      validation: data/dev.jsonl
      template: auto
      max-length: 512
      packing: true
      shuffle: true
    training:
      steps: 500
      global-batch: 16
      micro-batch: 4
      optimizer: {name: adamw, beta1: 0.9, beta2: 0.999, epsilon: 1.0e-8, weight-decay: 0.0}
      learning-rate: 2.0e-4
      schedule: {name: cosine, warmup-steps: 20}
      gradient-clip: 1.0
      seed: 0
    distributed:
      placement: auto
      reduction: reproducible
    checkpoint: {every: 50, keep: 3}
    output: runs/first
    """

/// The shortest useful configuration.
let minimalConfiguration = """
    model: m
    data: {train: t.jsonl}
    training: {steps: 10}
    output: out
    """

@Suite("Run configuration")
struct RunConfigurationTests {
    @Test("the form of the base is part of the resolved configuration where it was set")
    func baseFormat() throws {
        let plain = try RunConfiguration.parse(yaml: minimalConfiguration, path: "run.yaml")
        #expect(!plain.resolvedYAML.contains("base-"))
        let yaml = minimalConfiguration + "\nbase-compute: int8\nbase-storage: int8"
        let int8 = try RunConfiguration.parse(yaml: yaml, path: "run.yaml")
        #expect(int8.baseCompute == .int8 && int8.baseStorage == .int8)
        #expect(int8.differences(from: plain).map(\.keyPath) == ["base-storage", "base-compute"])
        #expect(try RunConfiguration.parse(yaml: int8.resolvedYAML, path: "resolved") == int8)
    }

    @Test("the documented example gives the documented values")
    func documentedExample() throws {
        let configuration = try RunConfiguration.parse(yaml: documented, path: "run.yaml")
        #expect(configuration.model == "models/smollm2")
        let adapter = try #require(configuration.adapter)
        #expect(
            adapter.method == "lora" && adapter.rank == 8 && adapter.alpha == 16
                && adapter.targets == .allLinear)
        #expect(adapter.initialAdapter == "runs/earlier/adapter")
        #expect(configuration.data.validation == "data/dev.jsonl" && configuration.data.template == "auto")
        #expect(configuration.training.length == .steps(500) && configuration.training.globalBatch == 16)
        let optimizer = configuration.training.optimizer
        #expect(optimizer.name == .adamw && optimizer.beta1 == 0.9 && optimizer.beta2 == 0.999)
        #expect(optimizer.epsilon == 1e-8 && optimizer.weightDecay == 0)
        #expect(configuration.training.learningRate == 2e-4 && configuration.training.gradientClip == 1)
        #expect(
            configuration.training.schedule.name == .cosine
                && configuration.training.schedule.warmupSteps == 20)
        #expect(configuration.checkpoint.every == 50 && configuration.checkpoint.keep == 3)
        #expect(configuration.output == "runs/first")
    }

    @Test("four lines are enough, and every default is in the resolved form")
    func minimal() throws {
        let configuration = try RunConfiguration.parse(yaml: minimalConfiguration, path: "run.yaml")
        let expected = """
            model: m
            adapter:
              method: lora
              rank: 8
              alpha: 16.0
              dropout: 0.0
              targets: all-linear
              rs-lora: false
              lora-plus-ratio: 1.0
            data:
              train: t.jsonl
              template: auto
              date: "2024-07-26"
              max-length: 512
              packing: true
              shuffle: true
            training:
              steps: 10
              trainable: adapter
              global-batch: 16
              micro-batch: 4
              optimizer:
                name: adamw
                beta1: 0.9
                beta2: 0.999
                epsilon: 1.0e-08
                weight-decay: 0.0
              learning-rate: 0.0002
              schedule:
                name: cosine
                warmup-steps: 0
                minimum-ratio: 0.0
              gradient-clip: 1.0
              seed: 0
              recompute: none
            distributed:
              placement: auto
              accumulation: auto
              prefetch: true
              reduction: reproducible
              threads: auto
              stall-timeout: 300.0
              check-every: 100
            checkpoint:
              every: 50
              keep: 3
            log:
              every-seconds: 5.0
              tensorboard: true
              report: true
            output: out

            """
        #expect(configuration.resolvedYAML == expected)
    }

    @Test(
        "the resolved form parses back to an equal configuration with equal text",
        arguments: [
            [], ["training.steps=", "training.epochs=3"], ["training.trainable=all"],
            ["adapter.targets=[q_proj, \"true\", \"1e5\"]"], ["adapter.targets=.*\\.(q|v)_proj$"],
            ["training.learning-rate=0.00030000000000000003"], ["training.learning-rate=1.0000000000000001e-30"],
            ["training.learning-rate=9.999999999999999e29"], ["training.gradient-clip=none"],
            ["training.optimizer={name: sgd, momentum: 0.9}"],
            ["training.schedule={name: constant, warmup-steps: 2}"],
            [
                "training.batch-per-rank=6", "training.learning-rate-scaling=sqrt",
                "training.reference-batch=24",
            ],
            ["distributed.stall-timeout=none", "distributed.check-every=none"],
            ["distributed.stall-timeout=2.5", "distributed.check-every=1"],
            ["distributed.threads=3", "checkpoint.every=none", "log.every-seconds=0.25"],
            ["model=a folder/with: \"odd\" #name\\", "output=2024", "data.cache=null", "data.validation=~"],
            ["model=ünï/模型 \u{1F600}", "output=yes"],
            ["adapter.rs-lora=true", "adapter.lora-plus-ratio=16", "adapter.init=x"],
        ])
    func roundTrip(overrides: [String]) throws {
        let first = try RunConfiguration.parse(
            yaml: minimalConfiguration, path: "run.yaml", overrides: overrides)
        let second = try RunConfiguration.parse(yaml: first.resolvedYAML, path: "resolved.yaml")
        #expect(second == first)
        #expect(second.resolvedYAML == first.resolvedYAML)
        #expect(second.fingerprint(ignoring: []) == first.fingerprint(ignoring: []))
    }

    @Test("alpha follows the rank and the micro-batch follows the batch when they are not given")
    func dependentDefaults() throws {
        let configuration = try RunConfiguration.parse(
            yaml: minimalConfiguration, path: "run.yaml",
            overrides: ["adapter.rank=32", "training.global-batch=9"])
        #expect(configuration.adapter?.alpha == 64)
        #expect(configuration.training.microBatch == 3)
    }

    @Test("full training has no adapter")
    func trainableAll() throws {
        let configuration = try RunConfiguration.parse(
            yaml: minimalConfiguration, path: "run.yaml", overrides: ["training.trainable=all"])
        #expect(configuration.adapter == nil)
    }

    @Test("the learning rate follows the batch as its scaling says")
    func learningRateScaling() throws {
        func peak(_ scaling: String) throws -> Double {
            try RunConfiguration.parse(
                yaml: minimalConfiguration, path: "run.yaml",
                overrides: [
                    "training.batch-per-rank=8", "training.learning-rate-scaling=\(scaling)",
                    "training.reference-batch=16",
                    "training.learning-rate=0.001",
                ]
            ).training.peakLearningRate(worldSize: 8)
        }
        #expect(try peak("linear") == 0.004)
        #expect(try peak("sqrt") == 0.002)
        let plain = try RunConfiguration.parse(
            yaml: minimalConfiguration, path: "run.yaml", overrides: ["training.batch-per-rank=8"])
        #expect(plain.training.peakLearningRate(worldSize: 8) == 2e-4)
        #expect(plain.training.globalBatch(worldSize: 8) == 64)
        let global = try RunConfiguration.parse(yaml: minimalConfiguration, path: "run.yaml")
        #expect(global.training.globalBatch(worldSize: 8) == 16)
    }

    @Test("a method's options are checked, completed and kept in its order")
    func methodOptions() throws {
        let options = [
            AdapterOption("mixers", .integer(atLeast: 0), default: .integer(2), summary: ""),
            AdapterOption("form", .choice(["kaiming", "identity"]), default: .text("kaiming"), summary: ""),
            AdapterOption("ranks", .any, default: .list([]), summary: ""),
        ]
        var method = try AdapterMethod.named("lora")
        method.options = options
        let methods = [method]
        let yaml = minimalConfiguration + "\nadapter: {method: lora, ranks: [8, 4], form: identity}"
        let configuration = try RunConfiguration.parse(yaml: yaml, path: "run.yaml", methods: methods)
        #expect(
            configuration.adapter?.options == [
                .init("mixers", .integer(2)), .init("form", .text("identity")),
                .init("ranks", .list([.integer(8), .integer(4)])),
            ])
        #expect(
            try RunConfiguration.parse(yaml: configuration.resolvedYAML, path: "r", methods: methods)
                == configuration)
        #expect(configuration.adapter?.option("mixers")?.integer == 2)
    }
}
