/// How well classes are told apart.
///
///     accuracy = correct / n
///     F1 of a class = 2 correct / (examples + predicted), macro F1 its mean over the classes that occur in either
///     Matthews = (c n - Σ t p) / √((n² - Σ p²)(n² - Σ t²)), c correct, t examples and p predictions of each class; 0 where it is 0 / 0
///
/// - Source: the definitions of scikit-learn; Gorodkin 2004 for the correlation of more than two classes.
package struct ClassificationMetrics: Sendable, Equatable {
    /// What is known of a class.
    package struct Category: Sendable, Equatable {
        /// Examples of it.
        package var exampleCount = 0
        /// Examples that were taken for it.
        package var predictedCount = 0
        /// Examples of it that were taken for it.
        package var correctCount = 0

        /// The harmonic mean of precision and recall; 0 where it does not occur.
        package var f1: Double {
            let all = exampleCount + predictedCount
            return all == 0 ? 0 : 2 * Double(correctCount) / Double(all)
        }
    }

    /// Each class.
    package private(set) var categories: [Category]

    /// Nothing yet of `count` classes.
    package init(categoryCount count: Int) { categories = Array(repeating: Category(), count: count) }

    /// Adds an example of the class `target` that was taken for `prediction`.
    package mutating func add(target: Int, prediction: Int) {
        categories[target].exampleCount += 1
        categories[prediction].predictedCount += 1
        if target == prediction { categories[target].correctCount += 1 }
    }

    /// Examples.
    package var exampleCount: Int { categories.reduce(0) { $0 + $1.exampleCount } }
    /// Examples that were taken for what they are.
    package var correctCount: Int { categories.reduce(0) { $0 + $1.correctCount } }
    /// Right ones among all.
    package var accuracy: Double { Double(correctCount) / Double(exampleCount) }

    /// The mean F1 of the classes that occur.
    package var macroF1: Double {
        let occurring = categories.filter { $0.exampleCount + $0.predictedCount > 0 }
        return occurring.reduce(0) { $0 + $1.f1 } / Double(occurring.count)
    }

    /// The correlation of classes and predictions, in -1...1.
    package var matthews: Double {
        let (count, correct) = (Double(exampleCount), Double(correctCount))
        func sum(_ term: (Category) -> Double) -> Double { categories.reduce(0) { $0 + term($1) } }
        let both = sum { Double($0.exampleCount) * Double($0.predictedCount) }
        let predicted = sum { Double($0.predictedCount) * Double($0.predictedCount) }
        let actual = sum { Double($0.exampleCount) * Double($0.exampleCount) }
        let scale = ((count * count - predicted) * (count * count - actual)).squareRoot()
        return scale > 0 ? (correct * count - both) / scale : 0
    }
}
