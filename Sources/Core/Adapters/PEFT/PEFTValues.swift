import CatenaFiles
import CatenaPatterns
import CatenaSchema

/// Values of `adapter_config.json`, which are checked here before anything is made from them.
///
/// All throw ``FileError/wrongValue(path:keyPath:expected:actual:)``.
extension JSONDocument {
    /// A rank or another inner size.
    func adapterRank() throws(FileError) -> Int { try adapterInteger(1...WholeNumberLimit.rank) }

    /// A whole number in `range`.
    func adapterInteger(_ range: ClosedRange<Int>) throws(FileError) -> Int {
        guard let number = value.intValue, range.contains(number) else {
            throw wrong(WholeNumberLimit.expected(range, found: value.intValue))
        }
        return number
    }

    /// An alpha or another factor, which may be 0 or negative; float32 has to hold it.
    func adapterAlpha() throws(FileError) -> Double {
        let number = try double()
        guard number.magnitude <= NumberBounds.largest else { throw wrong("a number of at most 1e30") }
        return number
    }

    /// A probability below 1.
    func adapterDropout() throws(FileError) -> Double {
        let number = try double()
        guard NumberBounds.belowOne.contains(number) else { throw wrong(NumberBounds.belowOne.expected) }
        return number
    }

    /// A regular expression that whole paths of modules match.
    func regularExpression() throws(FileError) -> String {
        let text = try string()
        _ = try regularExpression(text, shownAs: "")
        return text
    }

    func regularExpression(_ text: String, shownAs kind: String) throws(FileError) -> RegularExpression {
        do throws(RegularExpressionError) {
            return try RegularExpression(text)
        } catch {
            throw wrong((kind.isEmpty ? "" : kind + " ") + "a regular expression that can be used (this has \(error))")
        }
    }
}
