import CatenaFiles
import Crypto

/// Gathers what affects encoding into one digest. Every piece is written with its length, so that no two lists of
/// pieces give the same bytes.
struct TokenizerFingerprint {
    private var digest = SHA256()
    private var pending: [UInt8] = []

    mutating func add(_ text: String) {
        let utf8 = text.utf8
        add(utf8.count)
        pending.append(contentsOf: utf8)
        if pending.count > 1 << 16 { flush() }
    }

    mutating func add(_ number: Int) {
        for shift in stride(from: 0, to: 64, by: 8) { pending.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    mutating func add(_ value: JSONValue) {
        switch value {
        case .null: add("null")
        case .bool(let flag): add(flag ? "true" : "false")
        case .integer(let number): add(number)
        case .number(let number): add("\(number)")
        case .string(let text): add(text)
        case .array(let elements):
            add(elements.count)
            for element in elements { add(element) }
        case .object(let members):
            add(members.count)
            for member in members {
                add(member.key)
                add(member.value)
            }
        }
    }

    mutating func hexadecimal() -> String {
        flush()
        return digest.finalize().hexadecimal
    }

    private mutating func flush() {
        digest.update(data: pending)
        pending.removeAll(keepingCapacity: true)
    }
}
