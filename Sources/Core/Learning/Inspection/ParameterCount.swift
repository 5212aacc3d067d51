package import CatenaAdapters
package import CatenaFiles
package import CatenaModels
import CatenaReporting
import CatenaSchema
import Foundation

/// How many numbers a method trains in a model, from shapes alone.
package struct ParameterCount: Sendable {
    /// The model's shape.
    package let model: ModelConfiguration
    /// Numbers in the model.
    package let modelParameters: Int
    /// The method and its options.
    package let section: AdapterSection
    /// What is trained.
    package let places: [TrainedPlace]

    /// Counts what an `adapter` section trains in a model of this shape.
    ///
    /// - Throws: what the method throws for a model or options that it cannot do with.
    package init(model: ModelConfiguration, section: AdapterSection) throws {
        let inventory = try ModelInventory(configuration: model, storage: .encoding(.float32), adapter: section)
        self.model = model
        self.section = section
        modelParameters = inventory.parameterCount
        places = inventory.trained
    }

    /// Numbers that are trained.
    package var trainedParameters: Int { places.reduce(0) { $0 + $1.elements } }

    /// The same with its digits in groups of three.
    package var groupedTrainedParameters: String { Inspection.grouped(trainedParameters) }

    /// Trained numbers over those of the model.
    package var share: Double { Double(trainedParameters) / Double(modelParameters) }

    /// `0.353 %`, with three digits.
    package var percentage: String { Self.percentage(share) }

    /// Everything as one JSON object.
    package var json: JSONValue {
        [
            "family": .string(model.family), "layers": .integer(model.layerCount),
            "model_parameters": .integer(modelParameters), "adapter": section.json,
            "trained_parameters": .integer(trainedParameters), "share": .shortest(share),
            "places": .array(places.map(Self.json)),
        ]
    }

    /// A table for a person.
    package var text: String {
        let options = section.entries.filter { $0.key != "method" }
            .map { "\($0.key) \($0.value.inlineYAML)" }.joined(separator: ", ")
        let rows = places.map { place in
            [
                place.name, Inspection.grouped(place.elements),
                (place.layerCount > 1 ? "\(place.layerCount) x " : "")
                    + place.tensors.map { "\($0.name) \($0.shape)".trimmingCharacters(in: .whitespaces) }.joined(
                        separator: ", "),
            ]
        }
        return """
            model    \(model.family), \(model.layerCount) layers, \(Inspection.grouped(modelParameters)) parameters
            method   \(section.method)\(options.isEmpty ? "" : ": " + options)
            trained  \(groupedTrainedParameters), \(percentage) of the model

            \(TextTable.lines(rows, rightAligned: [1]).map { "  " + $0 }.joined(separator: "\n"))

            """
    }

    private static func percentage(_ share: Double) -> String {
        let percent = share * 100
        return String(format: percent >= 99.95 ? "%.0f %%" : percent >= 9.995 ? "%.1f %%" : "%.3g %%", percent)
    }

    private static func json(_ place: TrainedPlace) -> JSONValue {
        [
            "place": .string(place.name), "layers": .integer(place.layerCount),
            "parameters": .integer(place.elements),
            "tensors": .array(
                place.tensors.map { tensor in
                    [
                        "name": .string(tensor.name),
                        "shape": .array(tensor.shape.map { .integer($0) }),
                    ]
                }),
        ]
    }
}
