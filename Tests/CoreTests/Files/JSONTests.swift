import CatenaFiles
import Foundation
import Testing

@Suite("JSON") struct JSONTests {
    private func parsed(_ text: String) throws -> JSONValue { try JSONValue.parse(text, path: "t.json") }

    private func place(_ text: String) -> [Int]? {
        guard case .invalidJSON("t.json", let line, let column, _)? = fileError({ _ = try parsed(text) })
        else {
            return nil
        }
        return [line, column]
    }

    @Test("all kinds of values are read")
    func values() throws {
        let value = try parsed(
            #" {"a": [1, -2.5, 1e3, true, false, null], "b": {"c": "x"}, "d": 9223372036854775807, "e": 9223372036854775808} "#
        )
        #expect(value["a"] == [1, -2.5, 1000.0, true, false, nil])
        #expect(value["b"]?["c"] == "x")
        #expect(value["d"] == .integer(.max))
        #expect(value["e"] == .number(9223372036854775808))
        #expect(try parsed("[]") == [] && parsed("{}") == [:])
    }

    @Test("escapes and surrogate pairs are decoded")
    func escapes() throws {
        #expect(
            try parsed(#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00é""#)
                == .string("\"\\/\u{8}\u{c}\n\r\tAé😀é"))
    }

    @Test(
        "texts that are not JSON are refused at their line and column",
        arguments: [
            ("", 1, 1), ("{", 1, 2), ("[1,]", 1, 4), ("{\"a\":1,}", 1, 8), ("[1 2]", 1, 4), ("nul", 1, 1),
            ("01", 1, 1), ("1.", 1, 3), ("-", 1, 2), ("+1", 1, 1), ("NaN", 1, 1), ("1e999", 1, 1),
            ("'a'", 1, 1),
            ("\"abc", 1, 5), ("\"\\x\"", 1, 2), ("\"\\ud800\"", 1, 2), ("\"\\u12\"", 1, 2),
            ("\"a\tb\"", 1, 3),
            ("[1]\n\n x", 3, 2), ("{\n \"a\": 1,\n \"a\": 2}", 3, 2), ("[1] // no", 1, 5), ("\"\\", 1, 3),
        ])
    func refused(text: String, line: Int, column: Int) {
        #expect(place(text) == [line, column])
    }

    @Test("invalid UTF-8 is refused")
    func invalidUTF8() throws {
        let folder = try FilesScratchFolder()
        let path = try folder.file("x.json", [0x22, 0xC3, 0x28, 0x22])
        #expect(
            throws: FileError.invalidJSON(
                path: path, line: 1, column: 2, reason: "a string is not valid UTF-8")
        ) {
            try JSONValue.read(path: path)
        }
    }

    @Test("nesting without end is refused instead of overflowing the stack")
    func deep() {
        #expect(place(String(repeating: "[", count: 100_000)) != nil)
    }

    @Test("printing is sorted, stable and reads back as the same value")
    func printing() throws {
        let value: JSONValue = [
            "b": [1, 2.5, 1e-05, 0.1, 1e300], "a": ["nested": nil, "empty": [:], "list": []],
            "text": "é\"\\\n\u{1}",
        ]
        #expect(
            value.compactText()
                == #"{"a":{"empty":{},"list":[],"nested":null},"b":[1,2.5,1e-05,0.1,1e+300],"text":"é\"\\\n\u0001"}"#
        )
        #expect(try parsed(value.prettyText()).compactText() == value.compactText())
        #expect(
            JSONValue.object(["r": 8, "alpha": 16.0]).prettyText() == "{\n  \"alpha\": 16.0,\n  \"r\": 8\n}\n"
        )
    }

    @Test("members keep their order where that is asked for")
    func ordered() throws {
        let value: JSONValue = ["b": [nil, true, -1, 0.1, .number(.nan)], "a": ["y": [[1, 2], []], "x": [:]]]
        #expect(value.text(.line) == #"{"b": [null, true, -1, 0.1, null], "a": {"y": [[1, 2], []], "x": {}}}"#)
        let lines = """
            {
              "b": [null, true, -1, 0.1, null],
              "a": {
                "y": [
                  [1, 2],
                  []
                ],
                "x": {}
              }
            }

            """
        #expect(value.text(.ordered) == lines)
        #expect(try parsed(lines).text(.ordered) == lines)
    }

    @Test("keys are told apart by their bytes, in small objects and in large ones")
    func keys() throws {
        for count in [0, 40] {
            let others = (0..<count).map { "\"k\($0)\": 0, " }.joined()
            let value = try parsed("{\(others)\"\u{E9}\": 1, \"e\u{301}\": 2}")
            #expect(value["\u{E9}"] == 1 && value["e\u{301}"] == 2 && value["e"] == nil)
            #expect(place("{\(others)\"\u{E9}\": 1, \"\\u00e9\": 2}") != nil)
        }
        #expect(JSONValue.string("\u{E9}") != "e\u{301}")
    }

    @Test("members are replaced in place, put at the end, and taken away")
    func members() {
        var object: JSONObject = ["b": 1, "a": 2]
        object["b"] = 3
        object["c"] = 4
        object["a"] = nil
        #expect(object == ["b": 3, "c": 4] && object != ["c": 4, "b": 3])
        #expect(object.merging(["d": 5, "b": 6]).keys == ["b", "c", "d"])
        #expect(JSONObject(["b": 1, "a": 2] as [String: JSONValue]).keys == ["a", "b"])
    }

    @Test("accessors name file and key path")
    func accessors() throws {
        let document = JSONDocument(
            try parsed(
                #"{"hidden_size": 64, "eps": 1e-5, "tied": true, "none": null, "scaling": {"factor": "8"}, "names": ["a", 3]}"#
            ),
            path: "config.json")
        #expect(try document.requireInt("hidden_size") == 64)
        #expect(try document.requireDouble("hidden_size") == 64)
        #expect(try document.optionalDouble("eps") == 1e-5)
        #expect(try document.requireBool("tied"))
        #expect(try document.optionalInt("none") == nil)
        #expect(document["none"] == nil)
        #expect(throws: FileError.missingKey(path: "config.json", keyPath: "vocab_size")) {
            try document.requireInt("vocab_size")
        }
        #expect(
            throws: FileError.wrongValue(
                path: "config.json", keyPath: "eps", expected: "an object", actual: "the number 1e-05")
        ) { try document.require("eps").requireInt("a") }
        #expect(throws: FileError.missingKey(path: "config.json", keyPath: "scaling.low")) {
            try document.require("scaling").requireDouble("low")
        }
        #expect(
            throws: FileError.wrongValue(
                path: "config.json", keyPath: "scaling.factor", expected: "a number",
                actual: "the string \"8\"")
        ) { try document.require("scaling").requireDouble("factor") }
        #expect(
            throws: FileError.wrongValue(
                path: "config.json", keyPath: "names[1]", expected: "a string", actual: "the number 3")
        ) { try document.optionalStrings("names") }
        #expect(
            throws: FileError.wrongValue(
                path: "config.json", keyPath: "eps", expected: "a whole number", actual: "the number 1e-05")
        ) { try document.requireInt("eps") }
    }
}
