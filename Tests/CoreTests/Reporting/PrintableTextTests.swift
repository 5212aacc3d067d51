import CatenaLearning
import CatenaFiles
import CatenaReporting
import Testing

@Suite("Printable text") struct PrintableTextTests {
    @Test("control characters and marks of direction are shown, everything else stays")
    func escaped() {
        #expect(PrintableText.escaped("a\u{1B}[31mb\u{7}\r\n\tc") == "a\\u{1B}[31mb\\u{7}\\u{D}\n\tc")
        #expect(PrintableText.escaped("\u{9B}2J\u{7F}\u{202E}x\u{2066}") == "\\u{9B}2J\\u{7F}\\u{202E}x\\u{2066}")
        let plain = "model.layers.0.weight é 日本 👩‍👧 \u{301}"
        #expect(PrintableText.escaped(plain) == plain)
    }

    @Test("a name stays on its line")
    func name() {
        #expect(PrintableText.escaped(name: "a\nok  forged\tb") == "a\\u{A}ok  forged\\u{9}b")
    }

    @Test("JSON means the same after it")
    func json() throws {
        let value = JSONValue.object(["k\u{9B}": .string("\u{1B}[2J\u{7F}\u{202E}\n")])
        let text = PrintableText.escaped(json: value.compactText())
        #expect(text.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) })
        #expect(try JSONValue.parse(text, path: "text") == value)
    }

    @Test("names of a tensor file cannot forge lines or move the cursor in what inspect prints")
    func inspection() throws {
        let folder = try FilesScratchFolder()
        var writer = SafetensorsWriter()
        writer.append("w\u{1B}[2J\nforged", shape: [1], .float32([1]))
        try writer.write(to: folder.path + "/t.safetensors")
        let text = try Inspection(path: folder.path + "/t.safetensors").text(listsTensors: true)
        #expect(text.contains("w\\u{1B}[2J\\u{A}forged"))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }
}
