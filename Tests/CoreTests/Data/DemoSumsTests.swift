import CatenaLearning
import Testing

@Suite("Demo sums")
struct DemoSumsTests {
    @Test("every line of an answer is right, goes on from the last result, and the end is the last result")
    func answers() throws {
        for index in 0..<500 {
            let lines = DemoSums(seed: 3).question(index).completion.split(separator: "\n").map(String.init)
            var previous: Int?
            for line in lines.dropLast() {
                let words = line.split(separator: " ")
                let (a, b, result) = try (
                    #require(Int(words[0])), #require(Int(words[2])), #require(Int(words[4]))
                )
                if let previous { #expect(a == previous) }
                switch words[1] {
                case "+": #expect(a + b == result)
                case "-": #expect(a - b == result)
                case "*": #expect(a * b == result)
                default: #expect(b * result == a)
                }
                previous = result
            }
            #expect(lines.last == "#### \(try #require(previous))")
        }
    }

    @Test("a question is a function of seed and index")
    func determinism() {
        #expect(DemoSums(seed: 1).question(5) == DemoSums(seed: 1).question(5))
        #expect(DemoSums(seed: 1).question(5) != DemoSums(seed: 2).question(5))
    }
}
