public import CatenaModels

extension RunConfiguration {
    /// What the run opens its model for.
    ///
    /// - Parameter classes: of a classification, ``classLabels()``; nil: those of the configuration, else the model's.
    public func purpose(classes: ClassLabels?) -> ModelPurpose {
        ModelPurpose(
            task: task, labels: classes?.names ?? (labels.isEmpty ? nil : labels), seed: UInt64(training.seed))
    }
}
