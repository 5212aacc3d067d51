import CImages
import CatenaEngine
import CatenaFiles
import Foundation

/// A folder with a folder of PNG files for each class, whose name is the label; a number where all names are numbers.
///
/// 8 bits of grey or of colours a pixel, or a palette; samples are divided by 255. Hidden files are not looked at.
struct PNGFolder {
    private let path: String
    private static let limit = SizeLimit(subject: "a PNG file", byteCount: 64 << 20)
    /// Lines, and pixels of a line.
    private static let extent: Int32 = 1024

    init(path: String) { self.path = path.hasSuffix("/") ? String(path.dropLast()) : path }

    /// The images, class by class in the order of their names.
    ///
    /// - Throws: ``DataError`` that names the file and what is wrong with it.
    func file() throws(DataError) -> ExampleFile {
        let classes = try entries(path)
        guard !classes.isEmpty else {
            throw .notImages(file: path, expected: "a folder of PNG files for each class", found: "nothing")
        }
        let areNumbers = classes.allSatisfy { ClassLabels.number($0).map { $0 >= 0 } ?? false }
        var examples: [SourcedExample] = []
        var first: (path: String, size: ImageSize)?
        for name in classes {
            let folder = path + "/" + name
            guard ImageFiles.isFolder(folder) else {
                throw .notImages(file: folder, expected: "a folder of PNG files for each class", found: "a file")
            }
            let label = areNumbers ? ClassLabels.number(name).map(ExampleLabel.number) : .name(name)
            for entry in try entries(folder) {
                let image = try Self.image(folder + "/" + entry)
                if let first, first.size != image.size {
                    throw .notImages(
                        file: folder + "/" + entry, expected: "\(first.size), as \(first.path) has",
                        found: "\(image.size)")
                }
                if first == nil { first = (folder + "/" + entry, image.size) }
                examples.append(
                    SourcedExample(
                        .image(ImageExample(pixels: image.pixels, size: image.size, label: label ?? .name(name))),
                        file: folder + "/" + entry, line: 1))
            }
        }
        guard !examples.isEmpty else {
            throw .notImages(file: path, expected: "PNG files in the folders of the classes", found: "none")
        }
        return ExampleFile(path: path, examples: examples, ignoredKeys: IgnoredKeys())
    }

    private func entries(_ folder: String) throws(DataError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        } catch {
            throw .unreadable(file: folder, reason: error.localizedDescription)
        }
    }

    private static func image(_ path: String) throws(DataError) -> (pixels: [Float], size: ImageSize) {
        let bytes: [UInt8]
        do {
            bytes = try InputFile.contents(of: path, limit: limit)
        } catch {
            throw .notImages(file: path, expected: "a PNG file", found: "what cannot be read: \(error)")
        }
        return try image(bytes, path: path)
    }

    /// The image that `bytes` are, channel by channel.
    static func image(_ bytes: [UInt8], path: String) throws(DataError) -> (pixels: [Float], size: ImageSize) {
        var png = ci_png()
        guard unsafe ci_png_header(bytes, bytes.count, extent, &png) else { throw refusal(path, png) }
        let size = ImageSize(
            channels: Int(png.channels), grid: ImageGrid(height: Int(png.height), width: Int(png.width)))
        var samples = [UInt8](repeating: 0, count: size.count)
        guard unsafe ci_png_pixels(bytes, bytes.count, extent, &png, &samples) else { throw refusal(path, png) }
        let pixels = (0..<size.channels).flatMap { channel in
            (0..<size.grid.area).map { Float(samples[$0 * size.channels + channel]) / 255 }
        }
        return (pixels, size)
    }

    private static func refusal(_ path: String, _ png: ci_png) -> DataError {
        let fault = unsafe withUnsafeBytes(of: png.fault) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .notImages(
            file: path,
            expected: "a PNG of 8 bits, grey, colours or a palette, of at most \(extent) x \(extent) pixels",
            found: "another file (\(fault))")
    }
}
