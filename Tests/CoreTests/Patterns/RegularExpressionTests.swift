import CatenaPatterns
import Foundation
import Testing

/// Expected answers are those of Python's `re.fullmatch`.
@Suite("Regular expressions of other programs' files")
struct RegularExpressionTests {
    static let cases: [(pattern: String, matches: [String], others: [String])] = [
        (#".*\.(q|v)_proj"#, ["a.q_proj", ".v_proj"], ["q_proj", "a.k_proj", "a.q_projx"]),
        (
            #"model\.layers\.\d+\.mlp\..*"#, ["model.layers.12.mlp.up"],
            ["model.layers.x.mlp.up", "model.layers..mlp.up"]
        ),
        (#"(?:a|b)*?c{2,3}"#, ["cc", "ababccc"], ["c", "cccc", "abdcc"]),
        (#"(?P<name>x)+[^0-9_]"#, ["xxy", "x-"], ["x1", "x_", "y"]),
        (#"[]a]b|[a-c\d-]"#, ["]b", "ab", "c", "7", "-"], ["b]", "d"]),
        (#"^(?!.*visual).*proj$"#, ["text.q_proj"], ["visual.q_proj", "text.visual.proj"]),
        (#"(?=.*layers\.[02]\.).*k_proj"#, ["m.layers.2.k_proj"], ["m.layers.1.k_proj"]),
        (#"\bq\b.*\Z"#, ["q", "q.x"], ["qx"]),
        ("a{,2}b{1,}{", ["b{", "aabb{"], ["aaab{", "a{"]),
        (#"\w+\s\S"#, ["a_1 x"], ["a-1 x", "a  "]),
        (#"\x41\u0042."#, ["ABC"], ["AB\n", "AB"]),
        ("|a", ["", "a"], ["b"]),
        ("(a*)*", ["", "aaaa"], ["ab"]),
        ("(){3}x{0}", [""], ["x"]),
    ]

    @Test("match what they match as Python's fullmatch does", arguments: cases.indices)
    func matching(index: Int) throws {
        let (pattern, matches, others) = Self.cases[index]
        let expression = try RegularExpression(pattern)
        for text in matches { #expect(expression.matchesWhole(text), "\(pattern) and \(text)") }
        for text in others { #expect(!expression.matchesWhole(text), "\(pattern) and \(text)") }
    }

    @Test(
        "what is not understood is refused by its name and place",
        arguments: [
            ("(", "a group that is not closed at character 1"), ("a)", "an unopened \")\" at character 2"),
            ("[a", "a character class that is not closed"), ("*a", "nothing to repeat"),
            ("a**", "a repeated quantifier"),
            ("^*", "nothing to repeat"), ("a{3,2}", "a repetition from 3 to 2"), ("[z-a]", "a bad range"),
            (#"(a)\1"#, "a back-reference, not supported, at character 4"), ("(?<=a)b", "a look-behind"),
            ("(?<!a)b", "a look-behind"), ("(?P=n)", "a back-reference"), ("(?i)a", "an inline flag"),
            ("(?>a)", "an atomic group"), ("a++", "a possessive quantifier"), (#"\p{L}"#, "the escape \\p"),
            (#"a\"#, "a backslash at the end"), ("a{1001}", "more than 1000 times"),
        ])
    func refused(pattern: String, reason: String) {
        let error = #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
        #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "accepted")")
    }

    @Test("length, nesting and repetitions are bounded before anything is made of them")
    func bounds() {
        for pattern in [
            String(repeating: "[", count: 5000), String(repeating: "(", count: 5000),
            String(repeating: "a", count: 10_001),
            "((a{1000}){1000}){1000}", "(?=(a{900}){2})b",
        ] {
            #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
        }
        #expect(throws: Never.self) {
            try RegularExpression(String(repeating: "(", count: 64) + String(repeating: ")", count: 64))
        }
    }

    @Test("what explodes in a backtracking matcher costs a text's length times the pattern's")
    func linear() throws {
        let text = String(repeating: "a", count: 2000)
        let start = ContinuousClock.now
        #expect(!(try RegularExpression("([a-z._0-9]+)+X").matchesWhole(text)))
        #expect(!(try RegularExpression("(a|a)*b").matchesWhole(text)))
        #expect(try RegularExpression("(a?){900}a*").matchesWhole(text))
        #expect(ContinuousClock.now - start < .seconds(30))
    }
}
