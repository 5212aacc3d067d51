import CatenaFiles
import Testing

@Suite("Nearest names")
struct NearestNameTests {
    @Test(
        "the distance counts insertions, deletions, replacements and swaps",
        arguments: [
            ("", "", 0), ("abc", "abc", 0), ("abc", "ABC", 0), ("", "abc", 3), ("rnak", "rank", 1),
            ("kitten", "sitting", 3), ("ca", "abc", 3), ("q_proj", "q_prj", 1),
        ])
    func distance(first: String, second: String, expected: Int) {
        #expect(NearestName.distance(first, second) == expected)
        #expect(NearestName.distance(second, first) == expected)
    }

    @Test("near names come nearest first and far names not at all")
    func matches() {
        let names = ["q_proj", "k_proj", "v_proj", "gate_proj", "embed_tokens"]
        #expect(NearestName.matches(for: "v_prj", among: names) == ["v_proj", "q_proj", "k_proj"])
        #expect(NearestName.matches(for: "v_prj", among: names, limit: 1) == ["v_proj"])
        #expect(NearestName.matches(for: "attention", among: names).isEmpty)
        #expect(NearestName.matches(for: "x", among: ["yz", "a"]).isEmpty)
    }
}
