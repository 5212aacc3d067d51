import CImages
import CatenaEngine
import CatenaFiles
import Crypto
import Foundation

/// Images from files that are no JSON: IDX or NPY with the labels in a file beside, and folders of PNG files.
package enum ImageFiles {
    /// The images at `path` with their labels; nil where it holds something else.
    ///
    /// - Throws: ``DataError`` for what is damaged, or does not go together.
    package static func read(path: String) throws(DataError) -> ExampleFile? {
        if isFolder(path) { return try PNGFolder(path: path).file() }
        guard let images = try NumberArray(path: path) else {
            guard try ExampleReader.contents(of: path).starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return nil }
            throw .notImages(
                file: path, expected: "the folder that has a folder of PNG files for each class", found: "one PNG file")
        }
        let labels = try labels(of: images)
        let (size, isChannelsLast) = try size(of: images)
        var examples: [SourcedExample] = []
        examples.reserveCapacity(labels.count)
        for (index, label) in labels.enumerated() {
            let samples = images.samples(index * size.count..<(index + 1) * size.count)
            guard samples.allSatisfy(\.isFinite) else {
                throw .notImages(file: path, expected: "finite numbers", found: "others in image \(index + 1)")
            }
            let pixels = isChannelsLast ? channelsFirst(samples, size) : samples
            examples.append(
                SourcedExample(
                    .image(ImageExample(pixels: pixels, size: size, label: .number(label))), file: path,
                    line: RecordPlace(index + 1)))
        }
        return ExampleFile(path: path, examples: examples, ignoredKeys: IgnoredKeys())
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// `[N, h, w]`, `[N, C, h, w]`, or `[N, h, w, C]` where that alone has 1 or 3 channels.
    private static func size(of images: NumberArray) throws(DataError) -> (size: ImageSize, isChannelsLast: Bool) {
        let shape = images.shape
        guard shape.count == 3 || shape.count == 4, shape.allSatisfy({ $0 > 0 }) else {
            throw .notImages(
                file: images.path, expected: "images as [images, height, width] or with channels", found: "\(shape)")
        }
        func size(_ channels: Int, _ height: Int, _ width: Int) -> ImageSize {
            ImageSize(channels: channels, grid: ImageGrid(height: height, width: width))
        }
        guard shape.count == 4 else { return (size(1, shape[1], shape[2]), false) }
        let (first, last) = ([1, 3].contains(shape[1]), [1, 3].contains(shape[3]))
        guard first != last else {
            throw .notImages(
                file: images.path,
                expected: "1 or 3 channels in the second or in the last place, not in both",
                found: "the shape \(shape)")
        }
        return first ? (size(shape[1], shape[2], shape[3]), false) : (size(shape[3], shape[1], shape[2]), true)
    }

    private static func channelsFirst(_ samples: [Float], _ size: ImageSize) -> [Float] {
        (0..<size.channels).flatMap { channel in
            (0..<size.grid.area).map { samples[$0 * size.channels + channel] }
        }
    }

    /// The labels in the file of the same name with `labels` for `images` (and `idx1` for `idx3`).
    private static func labels(of images: NumberArray) throws(DataError) -> [Int] {
        let (folder, name) = FilePath.split(images.path)
        guard name.contains("images") else {
            throw .notImages(
                file: images.path,
                expected: "\"images\" in its name: the labels are in the file of that name with \"labels\"",
                found: name)
        }
        let other = name.replacingOccurrences(of: "images", with: "labels")
            .replacingOccurrences(of: "idx3", with: "idx1").replacingOccurrences(of: "idx4", with: "idx1")
        let path = images.path.contains("/") ? folder + "/" + other : other
        guard FileManager.default.fileExists(atPath: path) else {
            throw .notImages(file: images.path, expected: "its labels in \(path)", found: "no such file")
        }
        guard let labels = try NumberArray(path: path), labels.shape.count == 1, let numbers = labels.integers() else {
            throw .notImages(file: path, expected: "a list of whole numbers (IDX or NPY)", found: "something else")
        }
        guard numbers.count == images.shape[0] else {
            throw .notImages(
                file: path, expected: "\(images.shape[0]) labels, one for each image", found: "\(numbers.count)")
        }
        if let wrong = numbers.firstIndex(where: { $0 < 0 }) {
            throw .notImages(
                file: path, expected: "labels of at least 0", found: "\(numbers[wrong]) for image \(wrong + 1)")
        }
        return numbers
    }
}

extension ExampleFile {
    /// Names the images and their labels, whatever files they came from.
    var imageDigest: Data {
        var hash = SHA256()
        for sourced in examples {
            guard case .image(let image) = sourced.example else { continue }
            hash.update(data: Data("\(image.label) \(image.size.map { "\($0)" } ?? "")".utf8))
            unsafe image.pixels.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        }
        return Data(hash.finalize())
    }
}
