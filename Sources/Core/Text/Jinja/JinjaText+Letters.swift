extension Unicode.Scalar {
    /// Python's `str.isspace` and `\s`.
    var isPythonSpace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Where Python's `str.splitlines` ends a line.
    var isLineEnd: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    var isLetter: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    /// What Python's `repr` writes as it is.
    var isPrintable: Bool {
        if isASCII { return value >= 0x20 && value < 0x7F }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    /// Python's `\w`.
    var isWordCharacter: Bool { self == "_" || isLetter || properties.numericType != nil }
}

extension JinjaText {
    var uppercased: JinjaText {
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(count)
        for scalar in scalars { out.append(contentsOf: scalar.properties.uppercaseMapping.unicodeScalars) }
        return JinjaText(out, isMarkup: isMarkup)
    }

    var lowercased: JinjaText {
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(count)
        for index in scalars.indices { appendLowercased(at: index, to: &out) }
        return JinjaText(out, isMarkup: isMarkup)
    }

    /// A capital sigma at the end of a word becomes ς, any other σ.
    private func appendLowercased(at index: Int, to out: inout [Unicode.Scalar]) {
        let scalar = scalars[index]
        guard scalar == "\u{3A3}" else {
            out.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            return
        }
        var before = index - 1
        while before >= 0, scalars[before].properties.isCaseIgnorable { before -= 1 }
        var after = index + 1
        while after < count, scalars[after].properties.isCaseIgnorable { after += 1 }
        let endsWord =
            before >= 0 && scalars[before].properties.isCased && (after == count || !scalars[after].properties.isCased)
        out.append(endsWord ? "\u{3C2}" : "\u{3C3}")
    }

    var capitalized: JinjaText {
        guard let first = scalars.first else { return self }
        var out = Array(first.properties.titlecaseMapping.unicodeScalars)
        for index in 1..<count { appendLowercased(at: index, to: &out) }
        return JinjaText(out, isMarkup: isMarkup)
    }

    /// Python's `str.title`: a capital after everything that has no case.
    var titled: JinjaText {
        var out: [Unicode.Scalar] = []
        var isInside = false
        for (index, scalar) in scalars.enumerated() {
            if isInside {
                appendLowercased(at: index, to: &out)
            } else {
                out.append(contentsOf: scalar.properties.titlecaseMapping.unicodeScalars)
            }
            isInside = scalar.properties.isCased
        }
        return JinjaText(out, isMarkup: isMarkup)
    }

    /// Jinja's filter `title`: words are parted by white space, hyphens and opening brackets.
    var titledByWords: JinjaText {
        var out: [Unicode.Scalar] = []
        var word: [Unicode.Scalar] = []
        func endWord() {
            guard let first = word.first else { return }
            out.append(contentsOf: first.properties.uppercaseMapping.unicodeScalars)
            out.append(contentsOf: JinjaText(Array(word.dropFirst())).lowercased.scalars)
            word = []
        }
        for scalar in scalars {
            if scalar.isPythonSpace || ["-", "(", "{", "[", "<"].contains(scalar) {
                endWord()
                out.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        endWord()
        return JinjaText(out)
    }

    var swappedCase: JinjaText {
        var out: [Unicode.Scalar] = []
        for (index, scalar) in scalars.enumerated() {
            if scalar.properties.isUppercase {
                appendLowercased(at: index, to: &out)
            } else if scalar.properties.isLowercase {
                out.append(contentsOf: scalar.properties.uppercaseMapping.unicodeScalars)
            } else {
                out.append(scalar)
            }
        }
        return JinjaText(out, isMarkup: isMarkup)
    }

    var isLower: Bool {
        scalars.contains { $0.properties.isLowercase }
            && !scalars.contains { $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter }
    }

    var isUpper: Bool {
        scalars.contains { $0.properties.isUppercase }
            && !scalars.contains { $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter }
    }

    var isTitle: Bool {
        var hasCased = false
        var isInside = false
        for scalar in scalars {
            let startsWord = scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter
            if startsWord ? isInside : scalar.properties.isLowercase && !isInside { return false }
            isInside = startsWord || scalar.properties.isLowercase
            hasCased = hasCased || isInside
        }
        return hasCased
    }

    /// Whether there are characters, and all of them satisfy `test`.
    func isAll(_ test: (Unicode.Scalar) -> Bool) -> Bool { !isEmpty && scalars.allSatisfy(test) }
}
