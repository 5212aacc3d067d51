/// Text on its way through the normalisers, each byte with the part of the given text that it stands for.
///
/// A byte that was put in stands for the empty range before what follows it.
struct AlignedText: Sendable {
    /// A stretch of a text and what is written in its place.
    typealias Edit = (old: Range<Int>, new: [UInt8])

    private(set) var bytes: [UInt8]
    /// Where the part for byte i begins and ends; both empty while byte i is byte `base + i` of the given text.
    private var starts: [Int] = []
    private var ends: [Int] = []
    private let base: Int

    /// The part `range` of a text as given.
    init(_ text: [UInt8], _ range: Range<Int>) {
        bytes = Array(text[range])
        base = range.lowerBound
    }

    private init(bytes: [UInt8], starts: [Int], ends: [Int], base: Int) {
        self.bytes = bytes
        self.starts = starts
        self.ends = ends
        self.base = base
    }

    /// The part `range` of this text.
    func part(_ range: Range<Int>) -> AlignedText {
        AlignedText(
            bytes: Array(bytes[range]), starts: starts.isEmpty ? [] : Array(starts[range]),
            ends: ends.isEmpty ? [] : Array(ends[range]), base: base + (starts.isEmpty ? range.lowerBound : 0))
    }

    /// Bytes of the given text that `range`, which is not empty, stands for.
    func origin(of range: Range<Int>) -> Range<Int> {
        if starts.isEmpty { return base + range.lowerBound..<base + range.upperBound }
        return starts[range.lowerBound]..<max(starts[range.lowerBound], ends[range.upperBound - 1])
    }

    /// Does what `normalizer` does to the bytes.
    mutating func apply(_ normalizer: Normalizer) {
        let result = normalizer.apply(bytes)
        guard result != bytes else { return }
        let edits = normalizer.edits(bytes)
        // Whatever the edits say, the bytes are those that encoding without offsets sees.
        let isExact =
            edits.reduce(0) { $0 + $1.new.count } == result.count && edits.lazy.flatMap(\.new).elementsEqual(result)
        apply(isExact ? edits : [(0..<bytes.count, result)])
    }

    /// Edits that follow each other and together cover the text.
    private mutating func apply(_ edits: [Edit]) {
        var text = AlignedText(bytes: [], starts: [], ends: [], base: base)
        text.bytes.reserveCapacity(bytes.count)
        for edit in edits {
            text.bytes += edit.new
            let isKept = edit.new.elementsEqual(bytes[edit.old])
            let whole = edit.old.isEmpty ? insertionPoint(edit.old.lowerBound) : origin(of: edit.old)
            for offset in edit.new.indices {
                let place = edit.old.lowerBound + offset
                let part = isKept ? origin(of: place..<place + 1) : whole
                text.starts.append(part.lowerBound)
                text.ends.append(part.upperBound)
            }
        }
        self = text
    }

    private func insertionPoint(_ place: Int) -> Range<Int> {
        if place < bytes.count {
            let start = origin(of: place..<place + 1).lowerBound
            return start..<start
        }
        let end = bytes.isEmpty ? base : origin(of: bytes.count - 1..<bytes.count).upperBound
        return end..<end
    }
}

extension Normalizer {
    /// What ``apply(_:)`` does to `bytes`, in the smallest stretches that can be told apart.
    func edits(_ bytes: [UInt8]) -> [AlignedText.Edit] {
        switch self {
        case .prepend(let prefix):
            return [(0..<0, prefix), (0..<bytes.count, bytes)]
        case .replace(let pattern, let replacement):
            return Self.replacements(of: pattern, with: replacement, in: bytes)
        case .stripSpace(let left, _):
            let kept = apply(bytes)
            let start = left ? bytes.count - Normalizer.stripSpace(left: true, right: false).apply(bytes).count : 0
            let end = min(start + kept.count, bytes.count)
            return [(0..<start, []), (start..<end, kept), (end..<bytes.count, [])]
        case .lowercase, .stripAccents:
            return String(decoding: bytes, as: UTF8.self).unicodeScalars.reduce(into: []) { edits, scalar in
                append(Array(String(scalar).utf8), to: &edits)
            }
        case .unicode, .bert:
            return clusterEdits(bytes)
        }
    }

    private func append(_ unit: [UInt8], to edits: inout [AlignedText.Edit]) {
        let start = edits.last?.old.upperBound ?? 0
        edits.append((start..<start + unit.count, apply(unit)))
    }

    /// Characters with their marks, taken together where they change together (conjoining consonants and vowels).
    private func clusterEdits(_ bytes: [UInt8]) -> [AlignedText.Edit] {
        var edits: [AlignedText.Edit] = []
        var unit: [UInt8] = []
        for character in String(decoding: bytes, as: UTF8.self) {
            let next = Array(character.utf8)
            let isPlain = next.count == 1 && (unit.last ?? 0) < 0x80
            if !unit.isEmpty, isPlain || apply(unit) + apply(next) == apply(unit + next) {
                append(unit, to: &edits)
                unit = next
            } else {
                unit += next
            }
        }
        if !unit.isEmpty { append(unit, to: &edits) }
        return edits
    }

    private static func replacements(
        of pattern: [UInt8], with replacement: [UInt8], in bytes: [UInt8]
    ) -> [AlignedText.Edit] {
        guard let lead = pattern.first else { return [(0..<bytes.count, bytes)] }
        var edits: [AlignedText.Edit] = []
        var kept = 0
        var position = 0
        while position < bytes.count {
            guard bytes[position] == lead, bytes[position...].starts(with: pattern) else {
                position += 1
                continue
            }
            edits.append((kept..<position, Array(bytes[kept..<position])))
            edits.append((position..<position + pattern.count, replacement))
            position += pattern.count
            kept = position
        }
        edits.append((kept..<bytes.count, Array(bytes[kept...])))
        return edits
    }
}
