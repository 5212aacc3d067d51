import CatenaLearning
import CatenaFiles
import CatenaSchema
import Testing

@Suite("Kinds of files") struct FileKindTests {
    @Test(
        "Compressed, binary and wide text files are known by their first bytes",
        arguments: [
            ([0x1F, 0x8B, 0x08, 0x00], FileKind.gzip), ([0x50, 0x4B, 0x03, 0x04, 0x14], .zip),
            ([0x28, 0xB5, 0x2F, 0xFD, 0x04], .zstandard), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz),
            (Array("BZh91AY&SY".utf8), .bzip2), (Array("PAR1\u{15}".utf8), .parquet),
            (Array("ARROW1\0\0".utf8), .arrow),
            (Array("SQLite format 3\0".utf8), .sqlite), ([0x80, 0x04, 0x95], .pickle), (Array("GGUF".utf8), .gguf),
            ([0xEF, 0xBB, 0xBF, 0x6D], .markedUTF8), ([0xFF, 0xFE, 0x6D, 0x00], .utf16),
            ([0xFE, 0xFF, 0x00, 0x6D], .utf16),
            ([0x6D, 0x00, 0x6F, 0x00], .utf16), ([0x00, 0x6D, 0x00, 0x6F], .utf16),
            ([0xFF, 0xFE, 0x00, 0x00, 0x6D], .utf32), ([0x6D, 0x00, 0x00, 0x00], .utf32),
        ] as [([UInt8], FileKind)])
    func known(bytes: [UInt8], kind: FileKind) {
        #expect(FileKind.recognise(bytes) == kind)
    }

    @Test(
        "Text is no special kind, however short and in whatever script",
        arguments: ["", "m", "model: x\n", "{\"a\": 1}", "日本語", "BZh9 is a name", "PK", "é", "\u{7F}E"])
    func text(_ text: String) {
        #expect(FileKind.recognise(text.utf8) == nil)
    }

    @Test("A configuration behind a byte order mark is read; UTF-16, gzip and Parquet are refused by name")
    func configuration() throws {
        let folder = try FilesScratchFolder()
        let yaml = """
            model: m
            data: {train: t.jsonl}
            training: {steps: 2, learning-rate: 1.0e-4}
            output: out

            """
        let marked = try folder.file("run.yaml", [0xEF, 0xBB, 0xBF] + Array(yaml.utf8))
        #expect(try RunConfiguration.load(path: marked).model == "m")
        let cases: [([UInt8], String)] = [
            ([0xFF, 0xFE] + yaml.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }, "UTF-16 text"),
            ([0x1F, 0x8B, 8, 0, 0, 0], "gzip-compressed"), (Array("PAR1".utf8) + [21, 0], "a Parquet file"),
        ]
        for (bytes, name) in cases {
            let path = try folder.file("run.yaml", bytes)
            let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.load(path: path) }
            #expect(error?.description.contains(name) == true)
        }
    }
}
