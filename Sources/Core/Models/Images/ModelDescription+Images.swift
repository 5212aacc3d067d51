import CatenaEngine
import CatenaFiles

extension ModelDescription {
    /// What all image models say: `image_size`, a number or `[height, width]`, `num_channels`, and where they are there `image_mean`,
    /// `image_std`, `norm_eps` and `norm_images`.
    ///
    /// - Parameter widths: channels of each stage.
    /// - Throws: ``ModelError/invalidConfiguration(path:reason:)`` for a number that no model has.
    func imageConfiguration(widths: [Int]) throws -> ImageConfiguration {
        let channels = try bounded("num_channels", 1...ModelLimit.imageChannels)
        var images = ImageConfiguration(
            channels: channels, grid: try imageSize(), widths: widths,
            mean: try channelNumbers("image_mean", channels: channels) ?? Array(repeating: 0, count: channels),
            deviation: try channelNumbers("image_std", channels: channels) ?? Array(repeating: 1, count: channels))
        if let wrong = images.deviation.first(where: { $0 <= 0 }) {
            throw invalid("image_std has \(wrong), expected numbers above 0")
        }
        if let epsilon = try number("norm_eps") {
            guard epsilon > 0, epsilon <= 1 else {
                throw invalid("norm_eps is \(epsilon), expected a number above 0, at most 1")
            }
            images.normEpsilon = Float(epsilon)
        }
        if try integer("norm_images") != nil { images.normImages = try bounded("norm_images", 1...(1 << 16)) }
        return images
    }

    /// The whole number at `key`, which has to be there and in `range`.
    func bounded(_ key: String, _ range: ClosedRange<Int>, default value: Int? = nil) throws -> Int {
        let found = try integer(key) ?? value ?? required(key)
        guard range.contains(found) else { throw invalid("\(key) is \(found), expected a number in \(range)") }
        return found
    }

    func invalid(_ reason: String) -> ModelError { .invalidConfiguration(path: path, reason: reason) }

    /// The numbers of a list, each within `range`.
    func wholeNumbers(_ key: String, _ range: ClosedRange<Int>) throws -> [Int] {
        guard let list = json?[key] else { throw invalid("\(key) is missing") }
        let numbers = try list.ints()
        guard !numbers.isEmpty, numbers.count <= ModelLimit.imageStages, numbers.allSatisfy(range.contains) else {
            throw invalid(
                "\(key) is \(numbers), expected 1 to \(ModelLimit.imageStages) numbers in \(range)")
        }
        return numbers
    }

    private func imageSize() throws -> ImageGrid {
        guard let size = json?["image_size"] else { throw invalid("image_size is missing") }
        let numbers = size.value.arrayValue == nil ? [try size.int()] : try size.ints()
        guard numbers.count <= 2, let height = numbers.first, let width = numbers.last,
            numbers.allSatisfy((1...ModelLimit.imageExtent).contains)
        else {
            throw invalid(
                "image_size is \(numbers), expected a number or [height, width] in 1...\(ModelLimit.imageExtent)")
        }
        return ImageGrid(height: height, width: width)
    }

    /// A number for each channel; one number stands for all of them.
    private func channelNumbers(_ key: String, channels: Int) throws -> [Float]? {
        guard let found = json?[key] else { return nil }
        let numbers =
            found.value.arrayValue == nil ? [try found.double()] : try found.elements().map { try $0.double() }
        guard numbers.count == channels || numbers.count == 1, numbers.allSatisfy({ abs($0) <= 1e6 }) else {
            throw invalid("\(key) has \(numbers.count) numbers, expected \(channels), one for each channel")
        }
        return numbers.count == channels
            ? numbers.map { Float($0) } : Array(repeating: Float(numbers[0]), count: channels)
    }
}
