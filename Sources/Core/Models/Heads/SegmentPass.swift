package import CatenaEngine

extension LanguageModel {
    /// What the classifier sees of the segments of micro-batches, `[S, D]`, and what it says, `[S, C]`. Visits every block once, also
    /// without micro-batches.
    ///
    /// - Throws: ``ModelError/wrongTask(_:needed:)`` for a model that does not judge whole sequences; what kept a block's matrices
    ///   from coming.
    package func segmentScores(_ batches: [Batch]) throws -> [(features: Tensor, scores: Tensor)] {
        let head = try classificationHead()
        announceForward()
        return try forward(batches, visit: visit) { [engine] batch, hidden in
            head.judged(hidden, layout: batch.layout, engine: engine)
        }
    }

    /// How many numbers the classifier sees of a segment, and how many classes it tells apart.
    ///
    /// - Throws: as ``segmentScores(_:)``.
    package func judgementWidths() throws(ModelError) -> (features: Int, classes: Int) {
        let classifier = try classificationHead().classifier
        return (classifier.inFeatures, classifier.outFeatures)
    }

    /// The module path of the classifier.
    ///
    /// - Throws: as ``segmentScores(_:)``.
    package func classifierPath() throws(ModelError) -> String { try classificationHead().classifier.path }

    private func classificationHead() throws(ModelError) -> ClassificationHead {
        guard let head = head as? ClassificationHead else {
            throw .wrongTask("a language model", needed: "one that judges whole texts")
        }
        return head
    }
}
