import CatenaAdapters
import CatenaModels

/// What a comparison of methods trains and how it judges: the content of `compare.yaml`.
///
/// A cell is one training run: a method at a learning rate with a seed. All cells share the base configuration and the
/// budget, so that methods differ in nothing else than what their entries say.
package struct ComparisonConfiguration: Sendable, Equatable {
    /// What all methods get alike.
    package struct Budget: Sendable, Equatable {
        /// nil: as `base.training` says.
        package var steps: Int?
        /// nil: each method has its own rank.
        package var parameters: Int?
    }

    /// Which runs choose a method's learning rate when there are several.
    package enum Selection: String, Sendable, CaseIterable {
        /// Every learning rate is run with every seed; the lowest mean validation loss is chosen.
        case allSeeds = "all-seeds"
        /// Every learning rate is run with the first seed only, and the chosen one with the others.
        case firstSeed = "first-seed"
    }

    /// One entry of `methods`.
    package struct Method: Sendable, Equatable {
        /// Name in tables and folders.
        package var name: String
        /// In the order of the file.
        package var learningRates: [Double]
        /// The run of a cell; a cell changes learning rate, seed and output.
        package var run: RunConfiguration
        /// Whether the rank is chosen by the budget.
        package var sizesRank: Bool
        /// Whether alpha follows a rank that is chosen.
        var sizesAlpha: Bool
    }

    /// A test on data that no choice depends on; ``keys`` says what each property is.
    package struct Task: Sendable, Equatable {
        /// What is measured.
        package enum Kind: String, Sendable, CaseIterable {
            /// Mean loss per learned token.
            case loss
            /// Generated answers that are equal to the given ones.
            case exactMatch = "exact-match"
            /// Questions whose right option has the lowest loss.
            case choice
        }

        package var kind = Kind.loss
        package var name = ""
        package var file = ""
        /// nil: as `base.data.columns` says, none for choice.
        package var columns: [RunConfiguration.DataSection.Column]?
        package var limit: Int?
        package var maximumTokens = 256
        package var batch = 16
        /// nil: the final number.
        package var answerPattern: String?
        package var isLengthNormalised = false
    }

    /// The methods, in the order of tables.
    package var methods: [Method]
    /// Every method is run with each of these.
    package var seeds: [Int]
    /// What all methods get alike.
    package var budget: Budget
    /// Which runs choose a learning rate.
    package var selection: Selection
    /// What is measured on test data.
    package var tasks: [Task]
    /// Whether the model without an adapter is measured too.
    package var measuresUntrained: Bool
    /// The folder of the comparison.
    package var output: String
}

extension ComparisonConfiguration {
    /// One training run.
    package struct Cell: Sendable, Equatable {
        /// Name of the method's entry.
        package var method: String
        /// The peak learning rate.
        package var learningRate: Double
        /// The seed of everything random.
        package var seed: Int

        /// A cell from its parts.
        package init(method: String, learningRate: Double, seed: Int) {
            (self.method, self.learningRate, self.seed) = (method, learningRate, seed)
        }

        /// Folder in `cells/`: method, learning rate and seed.
        package var name: String { "\(method)-\(learningRate)-\(seed)" }
    }

    /// The cells that choose a method's learning rate.
    package func selectionCells(_ method: Method) -> [Cell] {
        let seeds = selection == .firstSeed && method.learningRates.count > 1 ? [self.seeds[0]] : self.seeds
        return method.learningRates.flatMap { rate in
            seeds.map { Cell(method: method.name, learningRate: rate, seed: $0) }
        }
    }

    /// The cells of a method at the chosen learning rate, which are tested.
    package func chosenCells(_ method: Method, learningRate: Double) -> [Cell] {
        seeds.map { Cell(method: method.name, learningRate: learningRate, seed: $0) }
    }

    /// The number of training runs of the whole comparison.
    package var cellCount: Int {
        methods.reduce(0) { sum, method in
            let selecting = selectionCells(method).count
            return sum + selecting
                + (selection == .firstSeed && method.learningRates.count > 1 ? seeds.count - 1 : 0)
        }
    }

    /// The run of a cell.
    package func run(_ cell: Cell, of method: Method) -> RunConfiguration {
        var run = method.run
        run.training.learningRate = cell.learningRate
        run.training.seed = cell.seed
        run.output = "\(output)/cells/\(cell.name)"
        return run
    }

    /// The run whose model, before its first step, is the untrained one.
    package var untrainedRun: RunConfiguration {
        var run = methods[0].run
        run.adapter = AdapterMethod.lora.defaultSection
        run.adapter?.rank = 1
        run.chain = nil
        run.training.trainable = .adapter
        run.training.seed = seeds[0]
        run.output = output + "/untrained"
        return run
    }
}
