import CatenaFiles
package import CatenaModels

extension ModelPurpose {
    /// What a model has to be opened for so that the adapter in `folder` fits: by `task_type`, and by the rows of the classifier that it
    /// holds.
    ///
    /// - Throws: what reading the folder throws.
    package init(adapter folder: String) throws {
        self.init()
        let configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: true)
        guard configuration.taskType == "SEQ_CLS" else { return }
        let file = try AdapterTensorFile(folder: folder, type: configuration.type)
        let classifiers = ["classifier", "score"].map { PEFT.prefix + $0 + ".weight" }
        guard let rows = classifiers.lazy.compactMap({ file.tensors[$0]?.shape.first }).first, rows > 0 else { return }
        guard rows <= ModelLimit.labels else {
            throw AdapterError.mismatch(
                path: file.path, reason: "its classifier has \(rows) labels, expected at most \(ModelLimit.labels)")
        }
        task = rows == 1 ? .regression : .classification
        labels = try AdapterOrigin(folder: folder)?.labels ?? Self.numberedLabels(rows)
        guard labels?.count == rows else {
            throw AdapterError.mismatch(
                path: file.path,
                reason: "its classifier has \(rows) labels, \(AdapterOrigin.file) \(labels?.count ?? 0)")
        }
    }
}
