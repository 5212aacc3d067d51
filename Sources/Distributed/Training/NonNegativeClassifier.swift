import CatenaAdapters
import CatenaEngine
import CatenaModels

/// Sets negative weights of the classifier to 0 after each update, so that a class's score grows with the norm of its weights where the
/// features are not negative.
///
/// - Source: Zhao et al. 2020, arXiv:1911.07053, section 4.3; the first author's code clamps after every step.
final class NonNegativeClassifier: TrainingHook {
    private let model: LanguageModel

    init(_ model: LanguageModel) { self.model = model }

    func afterUpdate(_ context: inout StepContext) throws {
        guard let path = try? model.classifierPath() else { return }
        let name = path + ".weight"
        for parameter in context.parameters.parameters
        where parameter.name == name || parameter.name.hasSuffix("." + name) {
            let (values, count) = unsafe (parameter.value.pointer, parameter.count)
            for index in 0..<count { unsafe values[index] = max(unsafe values[index], 0) }
        }
    }
}
