/// Numbers and strings as the template language writes them.
enum JinjaLiterals {
    /// The number at `start`: its value, whether it is a float, and where it ends.
    static func number(in source: JinjaText, at start: Int, line: Int) throws(JinjaError)
        -> (value: JinjaValue, isFloat: Bool, end: Int)
    {
        let scalars = source.scalars
        func isDigit(_ index: Int) -> Bool { index < scalars.count && ("0"..."9").contains(scalars[index]) }
        /// The end of digits with single underscores between them.
        func digitsEnd(_ start: Int) -> Int {
            var end = start
            while isDigit(end) || (end > start && end < scalars.count && scalars[end] == "_" && isDigit(end + 1)) {
                end += 1
            }
            return end
        }
        let whole = digitsEnd(start)
        var end = whole
        if start == 0 || scalars[start - 1] != "." {
            if end < scalars.count, scalars[end] == ".", isDigit(end + 1) { end = digitsEnd(end + 1) }
            if end < scalars.count, scalars[end] == "e" || scalars[end] == "E" {
                let signed = end + 1 < scalars.count && ["+", "-"].contains(scalars[end + 1]) ? end + 2 : end + 1
                if isDigit(signed) { end = digitsEnd(signed) }
            }
        }
        if end > whole {
            let text = JinjaText(scalars[start..<end].filter { $0 != "_" })
            guard let number = JinjaInterpreter.float(text) else {
                throw .syntax("not a number: \(text.string)", line: line)
            }
            return (.float(number), true, end)
        }
        return try integer(in: source, at: start, decimalEnd: whole, line: line)
    }

    private static func integer(in source: JinjaText, at start: Int, decimalEnd: Int, line: Int) throws(JinjaError)
        -> (value: JinjaValue, isFloat: Bool, end: Int)
    {
        let scalars = source.scalars
        var end = decimalEnd
        var base = 10
        if scalars[start] == "0" {
            let bases: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]
            func isDigit(_ index: Int, of base: Int) -> Bool {
                index < scalars.count && Int(String(Character(scalars[index])), radix: base) != nil
            }
            if start + 1 < scalars.count, let wanted = bases[scalars[start + 1]] {
                var index = start + 2
                while isDigit(index, of: wanted)
                    || (index < scalars.count && scalars[index] == "_" && isDigit(index + 1, of: wanted))
                { index += 1 }
                if index > start + 2 { (base, end) = (wanted, index) }
            }
            if base == 10 {
                end = start + 1
                while end < decimalEnd, scalars[end] == "0" || scalars[end] == "_" { end += 1 }
            }
        }
        let text = JinjaText(scalars[start..<end].filter { $0 != "_" })
        let number: Int128?
        do { number = try JinjaInterpreter.integer(text, base: base) } catch { throw error.at(line) }
        guard let number else { throw .syntax("not an integer: \(text.string)", line: line) }
        return (.integer(number), false, end)
    }

    /// The end of the quoted string at `start`, behind its closing quote.
    static func stringEnd(in source: JinjaText, at start: Int) -> Int? {
        var index = start + 1
        while index < source.count {
            if source.scalars[index] == "\\" {
                index += 2
            } else if source.scalars[index] == source.scalars[start] {
                return index + 1
            } else {
                index += 1
            }
        }
        return nil
    }

    /// Python's escapes of a string.
    static func unescaped(_ text: ArraySlice<Unicode.Scalar>, line: Int) throws(JinjaError) -> JinjaText {
        var out: [Unicode.Scalar] = []
        var index = text.startIndex
        func digits(_ count: Int, after start: Int) throws(JinjaError) -> UInt32 {
            guard start + count <= text.endIndex,
                let value = UInt32(JinjaText(text[start..<start + count]).string, radix: 16)
            else { throw .syntax("truncated escape in a string", line: line) }
            return value
        }
        while index < text.endIndex {
            guard text[index] == "\\", index + 1 < text.endIndex else {
                out.append(text[index])
                index += 1
                continue
            }
            let letter = text[index + 1]
            index += 2
            switch letter {
            case "\n": break
            case "\\", "'", "\"": out.append(letter)
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "r": out.append("\r")
            case "a": out.append("\u{7}")
            case "b": out.append("\u{8}")
            case "f": out.append("\u{C}")
            case "v": out.append("\u{B}")
            case "0"..."7":
                var value = letter.value - 48
                var count = 1
                while count < 3, index < text.endIndex, ("0"..."7").contains(text[index]) {
                    value = value * 8 + text[index].value - 48
                    index += 1
                    count += 1
                }
                out.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            case "x", "u", "U":
                let count = letter == "x" ? 2 : letter == "u" ? 4 : 8
                var value = try digits(count, after: index)
                index += count
                if (0xD800..<0xDC00).contains(value), index + 6 <= text.endIndex, text[index] == "\\",
                    text[index + 1] == "u"
                {
                    let low = try digits(4, after: index + 2)
                    if (0xDC00..<0xE000).contains(low) {
                        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
                        index += 6
                    }
                }
                guard let scalar = Unicode.Scalar(value) else {
                    throw .syntax("\\\(letter)\(String(value, radix: 16)) is no character", line: line)
                }
                out.append(scalar)
            case "N": throw .unsupported("characters by their Unicode name (\\N{...})", line: line)
            default: out.append(contentsOf: ["\\", letter])
            }
        }
        return JinjaText(out)
    }
}
