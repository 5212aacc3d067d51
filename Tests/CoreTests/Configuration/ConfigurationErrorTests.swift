import CatenaAdapters
import CatenaLearning
import CatenaSchema
import Testing

@Suite("Configurations that are refused")
struct ConfigurationErrorTests {
    /// The message for a configuration, or "accepted".
    func message(_ yaml: String, _ overrides: [String] = []) -> String {
        do {
            _ = try RunConfiguration.parse(yaml: yaml, path: "run.yaml", overrides: overrides)
            return "accepted"
        } catch {
            return error.description
        }
    }

    @Test("an unknown method is answered with all that there are")
    func unknownMethod() {
        let names = AdapterMethod.all.map(\.name).joined(separator: ", ")
        #expect(
            message(minimalConfiguration + "\nadapter: {method: lroa}")
                == "run.yaml:5:19: adapter.method: expected one of \(names), but got lroa; did you mean lora?")
    }

    @Test(
        "each wrong value is named with its place, what was expected and what came",
        arguments: [
            (
                "adapter: {rnak: 8}",
                "run.yaml:5:11: unknown key \"adapter.rnak\"; did you mean \"adapter.rank\"? Known here: "
                    + "method, rank, alpha, dropout, targets, modules-to-save, init, rs-lora, lora-plus-ratio."
            ),
            (
                "adapter: {rs_lora: true}",
                "run.yaml:5:11: unknown key \"adapter.rs_lora\"; did you mean \"adapter.rs-lora\"? "
                    + "Known here: method, rank, alpha, dropout, targets, modules-to-save, init, rs-lora, lora-plus-ratio."
            ),
            (
                "learning-rate: 1",
                "run.yaml:5:1: unknown key \"learning-rate\"; did you mean \"training.learning-rate\"? "
                    + "Known here: model, task, labels, preference, distillation, base-storage, base-compute, adapter, chain, data, "
                    + "training, distributed, checkpoint, log, output."
            ),
            (
                "zzzzzzzz: 1",
                "run.yaml:5:1: unknown key \"zzzzzzzz\"; known here: model, task, labels, preference, distillation, base-storage, base-compute, "
                    + "adapter, chain, data, training, distributed, checkpoint, log, output."
            ),
            (
                "adapter: {rank: 0}",
                "run.yaml:5:17: adapter.rank: expected a whole number of at least 1, but got 0."
            ),
            (
                "adapter: {rank: 8.5}",
                "run.yaml:5:17: adapter.rank: expected a whole number of at least 1, but got 8.5."
            ),
            (
                "adapter: {rank: \"8\"}",
                "run.yaml:5:17: adapter.rank: expected a whole number of at least 1, but got \"8\"."
            ),
            (
                "adapter: {rank: 99999999999999999999}",
                "run.yaml:5:17: adapter.rank: expected a whole number of at least 1, but got 99999999999999999999."
            ),
            (
                "adapter:\n  rank:\n",
                "run.yaml:6:8: adapter.rank: expected a whole number of at least 1, but got nothing; "
                    + "give a value or remove the key."
            ),
            (
                "adapter: {rank: [1, 2]}",
                "run.yaml:5:17: adapter.rank: expected a whole number of at least 1, but got a list of 2 values."
            ),
            ("adapter: {alpha: 0}", "run.yaml:5:18: adapter.alpha: expected a number above 0, but got 0."),
            (
                "adapter: {alpha: .inf}",
                "run.yaml:5:18: adapter.alpha: expected a number above 0, but got .inf."
            ),
            (
                "adapter: {dropout: 1}",
                "run.yaml:5:20: adapter.dropout: expected a number of at least 0 and below 1, but got 1."
            ),
            (
                "adapter: {rs-lora: yes}",
                "run.yaml:5:20: adapter.rs-lora: expected true or false, but got yes."
            ),
            (
                "adapter: {lora-plus-ratio: 0}",
                "run.yaml:5:28: adapter.lora-plus-ratio: expected a number above 0, but got 0."
            ),
            (
                "adapter: {targets: \"(q\"}",
                "run.yaml:5:20: adapter.targets: expected all-linear, a list such as "
                    + "[q_proj, v_proj] or [role:query], or a regular expression, but got \"(q\"; as a regular expression it has a group that is not closed at character 1."
            ),
            (
                "adapter: {targets: [q_proj, role:qery]}",
                "run.yaml:5:29: adapter.targets: expected the name of a layer or role:NAME, but got role:qery; the roles are "
                    + "query, key, value, fused-query-key-value, attention-output, gate, up, down, embedding, head, pooler, classifier."
            ),
            (
                "adapter: {targets: []}",
                "run.yaml:5:20: adapter.targets: expected at least one layer name, but got a list of 0 values."
            ),
            (
                "adapter: {targets: [q, q]}",
                "run.yaml:5:24: adapter.targets: expected a list of different layer names, but got q."
            ),
            ("adapter: lora", "run.yaml:5:10: adapter: expected a section (key: value lines), but got lora."),
            (
                "distributed: {placement: shraded}",
                "run.yaml:5:26: distributed.placement: expected one of auto, replicated, node, "
                    + "sharded, but got shraded; did you mean sharded?"
            ),
            (
                "distributed: {threads: 0}",
                "run.yaml:5:24: distributed.threads: expected a whole number of at least 1 or auto, but got 0."
            ),
            (
                "checkpoint: {every: 0}",
                "run.yaml:5:21: checkpoint.every: expected a whole number of at least 1 or none, but got 0."
            ),
            (
                "checkpoint: {keep: 0}",
                "run.yaml:5:20: checkpoint.keep: expected a whole number of at least 1, but got 0."
            ),
            (
                "log: {every-seconds: 0}",
                "run.yaml:5:22: log.every-seconds: expected a number above 0, but got 0."
            ),
            ("model: n", "run.yaml:1:1: the key \"model\" occurs twice in one section; keep one of them."),
            (
                "adapter: {rank: 8, rank: 9}",
                "run.yaml:5:11: the key \"rank\" occurs twice in one section; keep one of them."
            ),
        ])
    func wrongValue(addition: String, expected: String) {
        #expect(message(minimalConfiguration + "\n" + addition) == expected)
    }

    @Test(
        "--set is checked like the file and named as the origin",
        arguments: [
            (
                "training.steps=0",
                "--set training.steps=0: training.steps: expected a whole number of at least 1, but got 0."
            ),
            (
                "training.learning-rate=-1",
                "--set training.learning-rate=-1: training.learning-rate: expected a number above 0, "
                    + "but got -1."
            ),
            (
                "training.sed=1",
                "--set training.sed=1: unknown key \"training.sed\"; did you mean \"training.seed\"? Known here: "
                    + "steps, epochs, trainable, global-batch, batch-per-rank, learning-rate-scaling, reference-batch, micro-batch, "
                    + "optimizer, learning-rate, schedule, weight-compander, gradient-clip, sample-weighting, seed, validation-every, "
                    + "recompute, non-negative-classifier."
            ),
            (
                "data.max-length=1",
                "--set data.max-length=1: data.max-length: expected a whole number of at least 2, but got 1."
            ),
            (
                "output=",
                "run.yaml:1:1: the key \"output\" is missing; give the folder for the run's results."
            ),
            (
                "data.train=",
                "run.yaml:2:7: the key \"data.train\" is missing; give a JSON Lines file of training examples."
            ),
            (
                "training.steps=",
                "run.yaml:3:11: nothing says how long the run is; give training.steps (optimizer steps) or "
                    + "training.epochs (passes over the data)."
            ),
            (
                "training.epochs=2",
                "--set training.epochs=2: training.steps (10) and training.epochs (2) both say how long the run "
                    + "is; keep one of them."
            ),
            (
                "training.schedule.warmup-steps=11",
                "--set training.schedule.warmup-steps=11: training.schedule.warmup-steps (11) is "
                    + "more than training.steps (10); warm up for at most 10 steps."
            ),
            (
                "training.micro-batch=5",
                "--set training.micro-batch=5: training.micro-batch (5) does not divide "
                    + "training.global-batch (16); choose one of 1, 2, 4, 8, 16."
            ),
            (
                "training.optimizer.momentum=0.9",
                "--set training.optimizer.momentum=0.9: training.optimizer.momentum has no meaning "
                    + "with adamw; remove it, or set training.optimizer.name to sgd."
            ),
            (
                "training.optimizer={name: sgd, beta1: 0.9}",
                "--set training.optimizer={name: sgd, beta1: 0.9}: "
                    + "training.optimizer.beta1 has no meaning with sgd; remove it, or set training.optimizer.name to adamw."
            ),
            (
                "training.schedule={name: constant, minimum-ratio: 0.1}",
                "--set training.schedule={name: constant, minimum-ratio: "
                    + "0.1}: training.schedule.minimum-ratio has no meaning with the constant schedule; remove it, or set "
                    + "training.schedule.name to linear or cosine."
            ),
            (
                "training.reference-batch=8",
                "--set training.reference-batch=8: training.reference-batch has no meaning with a global "
                    + "batch, which does not grow with the ranks; remove it, or give training.batch-per-rank instead of "
                    + "training.global-batch."
            ),
            (
                "training.validation-every=5",
                "--set training.validation-every=5: training.validation-every is set, but there is no "
                    + "data.validation; give data.validation or remove training.validation-every."
            ),
            (
                "training.steps",
                "--set training.steps: there is no \"=\"; write --set section.key=value, for example --set "
                    + "training.steps=100."
            ),
            (
                "training..steps=1",
                "--set training..steps=1: a part of the key is empty; write --set section.key=value, for example "
                    + "--set training.steps=100."
            ),
            (
                "model.path=x",
                "--set model.path=x: \"path\" would lie inside a value that is not a section; write --set "
                    + "section.key=value, for example --set training.steps=100."
            ),
        ])
    func wrongOverride(argument: String, expected: String) {
        #expect(message(minimalConfiguration, [argument]) == expected)
    }

    @Test("wrong configurations end the command with code 2")
    func exitCode() { #expect(ConfigurationError.exitCode == 2) }

    @Test(
        "whole numbers beyond all use are refused before anything is multiplied by them",
        arguments: [
            ("adapter.rank", 65_536), ("data.max-length", 1 << 22), ("training.global-batch", 1 << 20),
            ("training.batch-per-rank", 1 << 20), ("training.steps", 1 << 30),
            ("training.schedule.warmup-steps", 1 << 30),
            ("checkpoint.keep", 1 << 30), ("distributed.threads", 1024),
        ])
    func largest(key: String, largest: Int) {
        for value in [largest + 1, 1 << 62, Int.max] {
            let found = message(minimalConfiguration, ["\(key)=\(value)"])
            #expect(found.contains("and at most \(largest)") && found.contains("but got \(value)"), "\(found)")
        }
    }

    @Test("numbers that float32 cannot hold are refused", arguments: ["1e31", "1e308", "1e-31"])
    func floats(value: String) {
        for key in ["training.learning-rate", "training.optimizer.epsilon", "adapter.alpha", "adapter.lora-plus-ratio"]
        {
            #expect(message(minimalConfiguration, ["\(key)=\(value)"]).contains("float32 can hold"))
        }
    }
}
