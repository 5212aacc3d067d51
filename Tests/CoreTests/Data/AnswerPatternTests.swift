import CatenaLearning
import Testing

@Suite("Answer pattern")
struct AnswerPatternTests {
    @Test(
        "the final number is found and normalised",
        arguments: [
            ("2 + 2 = 4\n#### 4", "4"), ("#### 1,234.", "1234"), ("So the answer is $12.50.", "12.5"),
            ("The answer is: -3", "-3"), ("#### 5\n#### 7", "7"), ("I think 3 and then 9 apples.", "9"),
            ("#### 8\nand 100 more", "8"), ("The final answer is 7.0", "7"), ("####12", "12"),
        ])
    func finalNumber(text: String, expected: String) {
        #expect(AnswerPattern.finalNumber.answer(in: text) == expected)
    }

    @Test("no number, no answer")
    func noAnswer() {
        #expect(AnswerPattern.finalNumber.answer(in: "I do not know.") == nil)
        #expect(!AnswerPattern.finalNumber.matches(generated: "", reference: "#### 4"))
    }

    @Test("generated and reference texts are compared by their answers")
    func matches() throws {
        let pattern = AnswerPattern.finalNumber
        #expect(pattern.matches(generated: "It is 1,200.0.", reference: "600*2\n#### 1200"))
        #expect(!pattern.matches(generated: "#### 12", reference: "#### 1200"))
        let choice = try AnswerPattern("answer: ([A-D])")
        #expect(choice.matches(generated: "my answer: B because", reference: "answer: B"))
        #expect(choice.matches(generated: "my answer: B because", reference: " B. "))
        #expect(!choice.matches(generated: "B", reference: "B"))
    }

    @Test("a pattern without a group and one that cannot be read are refused")
    func refused() {
        #expect(throws: DataError.invalidPattern("abc", reason: "none")) { try AnswerPattern("abc") }
        #expect(throws: DataError.invalidPattern("(", reason: "one that cannot be read")) { try AnswerPattern("(") }
    }
}
