package import CatenaModels

/// Takes images of the size that a model was made for, with a class each.
package struct ImageEncoder: ExampleEncoding {
    private let images: ImageConfiguration
    private let labels: ClassLabels

    /// - Parameter labels: the classes.
    package init(_ images: ImageConfiguration, labels: ClassLabels) {
        (self.images, self.labels) = (images, labels)
    }

    package var maximumLength: Int { images.pixelCount }
    package var vocabularySize: Int { Int(Int32.max) }
    package var task: Task { .classification }
    package var content: DataContent { .images }
    package var categoryCount: Int { labels.count }
    package var keys: [String] { ["images", images.description] + labels.names }
    package var notes: [String] { [labels.note] }

    package func record(_ sourced: SourcedExample) throws(DataError) -> EncodedRecord {
        guard case .image(let image) = sourced.example else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line,
                expected: "an image and a \"label\", because the model is one of images",
                found: sourced.example.form)
        }
        let size = ImageSize(channels: images.channels, grid: images.grid)
        guard image.size ?? size == size, image.pixels.count == size.count else {
            throw .invalidExample(
                file: sourced.file, line: sourced.line, expected: "an image of \(size), as the model takes them",
                found: image.size.map { "\($0)" } ?? "\(image.pixels.count) numbers")
        }
        do {
            let target = SegmentTarget.category(try labels.place(of: image.label))
            return EncodedRecord(examples: [EncodedExample(pixels: image.pixels, target: target)])
        } catch {
            throw .invalidExample(file: sourced.file, line: sourced.line, expected: error.expected, found: error.found)
        }
    }
}
