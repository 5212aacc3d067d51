package import CatenaEngine
package import CatenaFiles
import CatenaModels

/// An image and what it shows.
package struct ImageExample: Sendable, Equatable {
    /// Channel by channel, each line by line.
    package var pixels: [Float]
    /// What the file says about its size; nil where it is a list of numbers.
    package var size: ImageSize?
    /// Its class.
    package var label: ExampleLabel

    /// An image of `size`, where that is known.
    package init(pixels: [Float], size: ImageSize?, label: ExampleLabel) {
        (self.pixels, self.size, self.label) = (pixels, size, label)
    }

    /// The pixels as lists of lines of channels, or one list where the size is not known; the shortest numbers that give the same
    /// float32.
    package var json: JSONValue {
        let numbers = pixels.map { JSONValue.number(Double("\($0)") ?? Double($0)) }
        guard let size else { return .array(numbers) }
        let (height, width) = (size.grid.height, size.grid.width)
        return .array(
            (0..<size.channels).map { channel in
                .array(
                    (0..<height).map { line in
                        let start = (channel * height + line) * width
                        return .array(Array(numbers[start..<start + width]))
                    })
            })
    }
}

/// Channels, height and width of an image.
package struct ImageSize: Sendable, Equatable, CustomStringConvertible {
    package let channels: Int
    package let grid: ImageGrid

    /// Images of `grid` with so many channels.
    package init(channels: Int, grid: ImageGrid) { (self.channels, self.grid) = (channels, grid) }

    /// Numbers of an image.
    package var count: Int { channels * grid.area }

    package var description: String { ImageConfiguration.description(channels: channels, grid: grid) }
}

extension DataRecord {
    /// `{"pixels", "label"}`: numbers channel by channel, line by line, as one list or as lists of lines (of channels).
    mutating func image(_ task: Task) throws(RecordFault) -> Example {
        take("pixels", "label")
        guard task == .classification else {
            throw RecordFault(expected: "a text (task: \(task.rawValue))", found: "\"pixels\"")
        }
        guard let value = self["pixels"] else { throw RecordFault(expected: "\"pixels\"", found: description) }
        var (pixels, shape): ([Float], [Int]) = ([], [])
        try Self.collect(value, depth: 0, &shape, &pixels)
        let size: ImageSize? =
            switch shape.count {
            case 2: ImageSize(channels: 1, grid: ImageGrid(height: shape[0], width: shape[1]))
            case 3: ImageSize(channels: shape[0], grid: ImageGrid(height: shape[1], width: shape[2]))
            default: nil
            }
        return .image(ImageExample(pixels: pixels, size: size, label: try label(task)))
    }

    /// Adds the numbers of a list of lists; `shape` gets the lengths of the first of each depth, which the others have to have.
    private static func collect(
        _ value: JSONValue, depth: Int, _ shape: inout [Int], _ pixels: inout [Float]
    ) throws(RecordFault) {
        guard let list = value.arrayValue, depth < 3, !list.isEmpty else {
            throw RecordFault(
                expected: "\"pixels\" as a list of numbers, of lines, or of channels of lines", found: value.summary)
        }
        if depth == shape.count {
            guard pixels.isEmpty else {
                throw RecordFault(expected: "numbers in each line of \"pixels\"", found: "a list")
            }
            shape.append(list.count)
        } else if shape[depth] != list.count {
            throw RecordFault(expected: "lists of \(shape[depth]) in \"pixels\"", found: "one of \(list.count)")
        }
        let holdsLists = list[0].arrayValue != nil
        guard holdsLists || depth == shape.count - 1 else {
            throw RecordFault(expected: "a list in \"pixels\"", found: list[0].summary)
        }
        for element in list {
            if holdsLists {
                try collect(element, depth: depth + 1, &shape, &pixels)
                continue
            }
            guard element.isNumber, let number = element.doubleValue, Float(number).isFinite else {
                throw RecordFault(expected: "a finite number in \"pixels\"", found: element.summary)
            }
            pixels.append(Float(number))
        }
    }
}

extension JSONValue {
    fileprivate var isNumber: Bool {
        switch self {
        case .integer, .number: true
        default: false
        }
    }
}
