import CatenaEngine
import CatenaFiles
import CatenaLearning
import CatenaModels
import Foundation
import Testing

/// Files that Tests/Reference/image_files.py made: pixel i of channel c of image n is (7 n + 3 i + c) / 255, and n its label.
@Suite("Files of images")
struct ImageFilesTests {
    private static let folder = ParityCase.root + "/Tests/Fixtures/image-files/"

    private static func pixels(_ n: Int, channels: Int, scale: Float = 255) -> [Float] {
        (0..<channels).flatMap { c in (0..<8).map { i in Float(7 * n + 3 * i + c) / scale } }
    }

    private func images(_ path: String) throws -> [ImageExample] {
        try ExampleReader.read(path: path, task: .classification).examples.map { sourced in
            guard case .image(let image) = sourced.example else { throw EvaluationError.nothingSupervised(path: path) }
            return image
        }
    }

    private func message(_ path: String, task: Task = .classification) -> String {
        do {
            _ = try ExampleReader.read(path: path, task: task)
            return "nothing"
        } catch {
            return "\(error)"
        }
    }

    private func copy(
        _ name: String, to folder: TinyFolder, as other: String? = nil, _ change: (inout Data) -> Void = { _ in }
    )
        throws -> String
    {
        var data = try Data(contentsOf: URL(fileURLWithPath: Self.folder + name))
        change(&data)
        let path = folder.path + "/" + (other ?? name)
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test(
        "IDX, plain and compressed, and NPY with channels first, last or none",
        arguments: [
            ("t-images-idx3-ubyte", 1, Float(255)), ("z-images-idx3-ubyte.gz", 1, 255), ("grey-images.npy", 1, 255),
            ("first-images.npy", 3, 255), ("last-images.npy", 3, 255), ("floats-images.npy", 1, 8),
            ("doubles-images.npy", 1, 8),
        ])
    func arrays(name: String, channels: Int, scale: Float) throws {
        let found = try images(Self.folder + name)
        #expect(found.count == 5)
        for (n, image) in found.enumerated() {
            #expect(image.pixels == Self.pixels(n, channels: channels, scale: scale))
            #expect(image.size == ImageSize(channels: channels, grid: ImageGrid(height: 2, width: 4)))
            #expect(image.label == .number(n))
        }
    }

    @Test(
        "a folder of PNG files for each class: grey, colours, palettes",
        arguments: [
            ("grey.png", 1), ("colour.png", 3), ("palette.png", 3), ("palette-4-bits.png", 3),
        ])
    func folders(name: String, channels: Int) throws {
        let place = try TinyFolder()
        for path in ["cat/1.png", "cat/0.png", "ape/x.PNG"] { _ = try copy(name, to: place, as: path) }
        _ = try copy(name, to: place, as: ".hidden/x.png")
        let found = try ExampleReader.read(path: place.path, task: .classification).examples
        #expect(
            found.map { String($0.file.dropFirst(place.path.count)) } == ["/ape/x.PNG", "/cat/0.png", "/cat/1.png"])
        for image in try images(place.path + "/") { #expect(image.pixels == Self.pixels(1, channels: channels)) }
        #expect(try images(place.path).map(\.label) == [.name("ape"), .name("cat"), .name("cat")])
        let numbers = try TinyFolder()
        for path in ["0/1.png", "7/0.png"] { _ = try copy(name, to: numbers, as: path) }
        #expect(try images(numbers.path).map(\.label) == [.number(0), .number(7)])
    }

    @Test(
        "PNG files of other kinds, damaged or cut ones, are refused by name",
        arguments: [
            ("grey-16-bits.png", "16 bits"), ("grey-1-bit.png", "fewer than 8 bits"),
            ("transparent.png", "transparency"),
            ("t-images-idx3-ubyte", "it is no PNG"),
        ])
    func otherPNG(name: String, reason: String) throws {
        let place = try TinyFolder()
        let path = try copy(name, to: place, as: "a/x.png")
        #expect(message(place.path).hasPrefix(path) && message(place.path).contains(reason), "\(message(place.path))")
    }

    @Test("a PNG cut anywhere, and one with any byte changed, is read or refused")
    func damagedPNG() throws {
        let place = try TinyFolder()
        let count = try Data(contentsOf: URL(fileURLWithPath: Self.folder + "palette.png")).count
        var refused = 0
        for at in 0..<count {
            _ = try copy("palette.png", to: place, as: "a/x.png") { $0 = $0.prefix(at) }
            #expect(message(place.path).contains("x.png: expected a PNG"), "cut at \(at)")
            _ = try copy("palette.png", to: place, as: "a/x.png") { $0[at] ^= 0x55 }
            if message(place.path) != "nothing" { refused += 1 }
        }
        #expect(refused > count / 2)
    }

    @Test("images of two sizes in one folder are refused with both")
    func sizes() throws {
        let place = try TinyFolder()
        _ = try copy("grey.png", to: place, as: "a/0.png")
        _ = try copy("colour.png", to: place, as: "b/0.png")
        let found = message(place.path)
        #expect(
            found.contains("b/0.png: expected 2 x 4 pixels with 1 channel, as ") && found.contains("3 channels"),
            "\(found)")
    }

    @Test(
        "arrays that are cut, too long, or claim what their bytes are not are refused",
        arguments: [
            "t-images-idx3-ubyte", "z-images-idx3-ubyte.gz", "grey-images.npy",
        ])
    func claims(name: String) throws {
        let place = try TinyFolder()
        _ = try copy(
            name.replacingOccurrences(of: "images-idx3", with: "labels-idx1").replacingOccurrences(
                of: "images", with: "labels"), to: place)
        let count = try Data(contentsOf: URL(fileURLWithPath: Self.folder + name)).count
        for at in 4..<count {
            let path = try copy(name, to: place) { $0 = $0.prefix(at) }
            #expect(message(path) != "nothing", "cut at \(at)")
        }
        let path = try copy(name, to: place) { $0 += [7] }
        #expect(message(path).contains("expected"))
        // Dimensions of 255 · 2²⁴ that nothing is made for.
        if !name.hasSuffix(".npy"), !name.hasSuffix(".gz") {
            let huge = try copy(name, to: place) { for at in [4, 8, 12] { $0[at] = 0xFF } }
            #expect(message(huge).contains("expected"))
        }
    }

    @Test("labels: another number of them, none, or not where they are looked for")
    func labels() throws {
        let place = try TinyFolder()
        let path = try copy("grey-images.npy", to: place)
        #expect(message(path).contains("expected its labels in \(place.path)/grey-labels.npy"))
        _ = try copy("grey-images.npy", to: place, as: "grey-labels.npy")
        #expect(message(path).contains("expected a list of whole numbers"))
        _ = try copy("first-labels.npy", to: place, as: "grey-labels.npy") {
            $0 = Data($0.dropLast(5)) + [1, 2, 3, 4]
            // (5,) becomes (4,).
            if let at = $0.firstIndex(of: UInt8(ascii: "5")) { $0[at] = UInt8(ascii: "4") }
        }
        #expect(message(path).contains("expected 5 labels, one for each image, found 4"), "\(message(path))")
        let other = try copy("grey-images.npy", to: place, as: "pictures.npy")
        #expect(message(other).contains("\"images\" in its name"))
        #expect(message(Self.folder + "grey-images.npy", task: .languageModel).contains("found images"))
        #expect(message(Self.folder + "grey.png").contains("found one PNG file"))
    }

    @Test("lines of pixels: flat, in lines, in channels of lines")
    func lines() throws {
        let place = try TinyFolder()
        let path = try place.write(
            "a.jsonl",
            """
            {"pixels": [0, 1.5, -2, 3], "label": 4}
            {"pixels": [[0, 1.5], [-2, 3]], "label": "cat"}
            {"pixels": [[[0, 1.5], [-2, 3]]], "label": 0}
            """)
        let found = try images(path)
        #expect(found.map(\.pixels) == Array(repeating: [0, 1.5, -2, 3], count: 3))
        let size = ImageSize(channels: 1, grid: ImageGrid(height: 2, width: 2))
        #expect(found.map(\.size) == [nil, size, size])
        #expect(found.map(\.label) == [.number(4), .name("cat"), .number(0)])
        for (line, reason) in [
            (#"{"pixels": [], "label": 0}"#, "expected \"pixels\" as a list"),
            (#"{"pixels": [1, "a"], "label": 0}"#, "a finite number"),
            (#"{"pixels": [[1, 2], [3]], "label": 0}"#, "lists of 2"),
            (#"{"pixels": [[1], 2], "label": 0}"#, "a list of numbers"),
            (#"{"pixels": [1e99], "label": 0}"#, "a finite number"), (#"{"pixels": [1]}"#, "a \"label\""),
        ] {
            #expect(message(try place.write("b.jsonl", line)).contains(reason), "\(message(place.path + "/b.jsonl"))")
        }
    }

    @Test("prepared images are what was read, and come in batches in any order")
    func prepared() throws {
        let place = try TinyFolder()
        let shape = ImageConfiguration(
            channels: 3, grid: ImageGrid(height: 2, width: 4), widths: [1], mean: [0, 0, 0], deviation: [1, 1, 1])
        let encoder = ImageEncoder(shape, labels: ClassLabels((0..<5).map(String.init), from: .data))
        let data = try PreparedDataset.open(
            path: Self.folder + "last-images.npy", encoder: encoder, cacheFolder: place.path)
        #expect(data.count == 5 && !data.wasCached && data.positionCount(of: 3) == 1)
        #expect(data.statistics.summary.contains("5 images of 24 numbers"))
        var batch = Batch()
        batch.fill(MicroBatchPlan(globalIndex: 0, rows: [[4], [1]]), from: data)
        #expect(batch.pixels == Self.pixels(4, channels: 3) + Self.pixels(1, channels: 3))
        #expect(batch.segmentTargets == [.category(4), .category(1)] && batch.tokenCount == 2)
        #expect(data.example(2).isImage)
        let again = try PreparedDataset.open(
            path: Self.folder + "last-images.npy", encoder: encoder, cacheFolder: place.path)
        #expect(again.wasCached && again.path == data.path)
        // The same images from another file are the same data; other labels are not.
        let same = try PreparedDataset.open(
            path: Self.folder + "first-images.npy", encoder: encoder, cacheFolder: place.path)
        #expect(same.path == data.path)
        let fewer = ImageEncoder(shape, labels: ClassLabels(["0", "1", "2", "3"], from: .data))
        #expect(throws: DataError.self) {
            try PreparedDataset.open(path: Self.folder + "last-images.npy", encoder: fewer, cacheFolder: place.path)
        }
        #expect(throws: DataError.self) {
            try PreparedDataset.open(path: Self.folder + "grey-images.npy", encoder: encoder, cacheFolder: place.path)
        }
    }

    @Test("prepared images go from process to process as they are")
    func bytes() throws {
        let shape = ImageConfiguration(
            channels: 1, grid: ImageGrid(height: 2, width: 4), widths: [1], mean: [0], deviation: [1])
        let encoder = ImageEncoder(shape, labels: ClassLabels((0..<5).map(String.init), from: .data))
        let file = try ExampleReader.read(path: Self.folder + "t-images-idx3-ubyte", task: .classification)
        let tokens = try PreparedTokens(file.examples, encoder: encoder)
        #expect(tokens.count == 5 && tokens.labels.isEmpty && PreparedTokens(bytes: tokens.bytes()) == tokens)
    }
}
