extension JinjaInterpreter {
    /// A float as Python's `repr` writes it: the shortest digits that read back, with an exponent below 1e-4 and from 1e16 on.
    static func pythonText(_ number: Double) -> String {
        guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
        let (digits, point) = shortestDigits(number.magnitude)
        let sign = number.sign == .minus ? "-" : ""
        guard (-3...16).contains(point) else {
            let exponent = point - 1
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let size = String(exponent.magnitude)
            return sign + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + (size.count < 2 ? "0" : "")
                + size
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) + ".0" }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// The shortest digits of a number and where its point stands in them; zero is "0" with the point behind it.
    private static func shortestDigits(_ number: Double) -> (digits: String, point: Int) {
        let halves = number.description.split(separator: "e")
        let mantissa = halves[0].split(separator: ".")
        let whole = mantissa[0]
        let fraction = mantissa.count > 1 && mantissa[1] != "0" ? mantissa[1] : ""
        var digits = whole + fraction
        var point = whole.count + (halves.count > 1 ? Int(halves[1]) ?? 0 : 0)
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        return (String(digits), digits == "0" ? 1 : point)
    }

    /// A finite number with `places` digits behind the point, rounded from its exact value, ties to even.
    static func fixedText(_ number: Double, places: Int) -> String {
        var (whole, fraction) = exactParts(number.magnitude)
        var digits: [UInt8] = []
        for _ in 0..<places { digits.append(nextDigit(&fraction)) }
        let half = UInt32(1) << 31
        let top = fraction.last ?? 0
        let rest = fraction.dropLast().contains { $0 != 0 }
        let isOdd = (digits.last.map(UInt32.init) ?? whole.first ?? 0) % 2 == 1
        if top > half || (top == half && (rest || isOdd)) {
            var index = digits.count - 1
            while index >= 0, digits[index] == 9 {
                digits[index] = 0
                index -= 1
            }
            if index >= 0 { digits[index] += 1 } else { increment(&whole) }
        }
        let behind = digits.isEmpty ? "" : "." + String(decoding: digits.map { $0 + 48 }, as: UTF8.self)
        return (number.sign == .minus ? "-" : "") + decimalText(whole) + behind
    }

    /// The whole part and the fraction (in units of 2^(-32 limbs)) of a number, as limbs from the lowest.
    private static func exactParts(_ number: Double) -> (whole: [UInt32], fraction: [UInt32]) {
        guard number != 0 else { return ([], []) }
        let significand = number.significandBitPattern | (number.isNormal ? 1 << 52 : 0)
        let exponent = max(Int(number.exponentBitPattern), 1) - 1075
        if exponent >= 0 { return (shifted(significand, by: exponent), []) }
        let limbs = (-exponent + 31) / 32
        var all = shifted(significand, by: limbs * 32 + exponent)
        while all.count < limbs { all.append(0) }
        return (Array(all[limbs...]), Array(all[..<limbs]))
    }

    private static func shifted(_ value: UInt64, by bits: Int) -> [UInt32] {
        var limbs = [UInt32](repeating: 0, count: bits / 32)
        let wide = UInt128(value) << UInt128(bits % 32)
        for part in 0..<4 { limbs.append(UInt32(truncatingIfNeeded: wide >> UInt128(32 * part))) }
        while limbs.last == 0 { limbs.removeLast() }
        return limbs
    }

    private static func nextDigit(_ fraction: inout [UInt32]) -> UInt8 {
        var carry: UInt64 = 0
        for index in fraction.indices {
            let product = UInt64(fraction[index]) * 10 + carry
            fraction[index] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        return UInt8(carry)
    }

    private static func increment(_ limbs: inout [UInt32]) {
        for index in limbs.indices {
            limbs[index] &+= 1
            if limbs[index] != 0 { return }
        }
        limbs.append(1)
    }

    private static func decimalText(_ limbs: [UInt32]) -> String {
        var limbs = limbs
        var digits: [UInt8] = []
        while !limbs.isEmpty {
            var remainder: UInt64 = 0
            for index in limbs.indices.reversed() {
                let value = remainder << 32 | UInt64(limbs[index])
                limbs[index] = UInt32(value / 10)
                remainder = value % 10
            }
            digits.append(UInt8(remainder) + 48)
            while limbs.last == 0 { limbs.removeLast() }
        }
        return digits.isEmpty ? "0" : String(decoding: digits.reversed(), as: UTF8.self)
    }

    /// Python's `int(text, base)`; nil where the text is no integer of that base.
    static func integer(_ text: JinjaText, base: Int) throws(JinjaError) -> Int128? {
        var scalars = text.stripped(nil).scalars[...]
        let isNegative = scalars.first == "-"
        if isNegative || scalars.first == "+" { scalars.removeFirst() }
        var base = base
        var mayUnderscore = false
        if scalars.first == "0", scalars.count > 1, let letter = scalars.dropFirst().first {
            let prefixed: [Unicode.Scalar: Int] = ["x": 16, "X": 16, "o": 8, "O": 8, "b": 2, "B": 2]
            if let wanted = prefixed[letter], base == 0 || base == wanted {
                base = wanted
                scalars = scalars.dropFirst(2)
                mayUnderscore = true
            } else if base == 0, scalars.contains(where: { $0 != "0" && $0 != "_" }) {
                return nil
            }
        }
        if base == 0 { base = 10 }
        guard (2...36).contains(base) else { throw .value("int() base must be >= 2 and <= 36, or 0") }
        var number: Int128 = 0
        var hasDigit = false
        for scalar in scalars {
            if scalar == "_", mayUnderscore {
                mayUnderscore = false
                continue
            }
            guard let digit = digit(scalar), digit < base else { return nil }
            let (product, overflows) = number.multipliedReportingOverflow(by: Int128(base))
            let (sum, overflowsAgain) = product.addingReportingOverflow(Int128(isNegative ? -digit : digit))
            guard !overflows, !overflowsAgain else { throw integerOverflow }
            number = sum
            mayUnderscore = true
            hasDigit = true
        }
        return hasDigit && scalars.last != "_" ? number : nil
    }

    static var integerOverflow: JinjaError { .overflow("an integer is beyond 128 bits") }

    private static func digit(_ scalar: Unicode.Scalar) -> Int? {
        switch scalar {
        case "a"..."z": Int(scalar.value) - 87
        case "A"..."Z": Int(scalar.value) - 55
        default:
            scalar.properties.generalCategory == .decimalNumber ? scalar.properties.numericValue.map { Int($0) } : nil
        }
    }

    /// Python's `float(text)`; nil where the text is no number.
    static func float(_ text: JinjaText) -> Double? {
        var ascii = ""
        var before: Unicode.Scalar = " "
        let scalars = text.stripped(nil).scalars
        for (index, scalar) in scalars.enumerated() {
            if scalar == "_" {
                guard before.properties.generalCategory == .decimalNumber, index + 1 < scalars.count,
                    scalars[index + 1].properties.generalCategory == .decimalNumber
                else { return nil }
            } else if scalar.properties.generalCategory == .decimalNumber, let value = scalar.properties.numericValue {
                ascii += String(Int(value))
            } else {
                ascii.unicodeScalars.append(scalar)
            }
            before = scalar
        }
        let lowered = ascii.lowercased()
        switch lowered {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default: break
        }
        guard lowered.utf8.allSatisfy({ (48...57).contains($0) || [0x2B, 0x2D, 0x2E, 0x65].contains($0) }) else {
            return nil
        }
        guard lowered.utf8.contains(where: { (48...57).contains($0) }) else { return nil }
        if lowered.hasSuffix(".") { return Double(lowered + "0") }
        return Double(lowered.replacingPointAtStart)
    }
}

extension String {
    /// `.5` and `1.e3`, which Python reads and Swift may not.
    fileprivate var replacingPointAtStart: String {
        var out = ""
        var isAfterDigit = false
        var endsWithPoint = false
        for byte in utf8 {
            let isDigit = (48...57).contains(byte)
            if byte == 0x2E, !isAfterDigit { out += "0" }
            if endsWithPoint, !isDigit { out += "0" }
            out.unicodeScalars.append(Unicode.Scalar(byte))
            isAfterDigit = isDigit
            endsWithPoint = byte == 0x2E
        }
        return out
    }
}
