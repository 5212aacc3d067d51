import Crypto

/// A short name for a base model's frozen weights, by which a checkpoint recognises its base.
///
/// SHA-256 over, for each tensor in order of name: name, shape, encoding, and the first, middle
/// and last 4096 stored bytes (all bytes of a tensor of at most 12288). Any training touches all
/// tensors nearly everywhere, so other weights give another fingerprint; a change confined to
/// bytes outside the samples is not seen. It reads about 12 kB a tensor, whatever the model's
/// size, and does not depend on file names or on how tensors are dealt to shards.
package enum BaseFingerprint {
    private static let sampleBytes = 4096

    /// The fingerprint of `tensors` as 64 lower-case hexadecimal digits.
    package static func of(_ tensors: some Sequence<StoredTensor>) -> String {
        var hash = SHA256()
        for tensor in tensors.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }) {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let head = "\(tensor.name)\u{0}\(tensor.encoding.rawValue)\u{0}\(shape)\u{0}"
            hash.update(data: Array(head.utf8))
            for range in sampledRanges(byteCount: tensor.byteCount) {
                unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: tensor.bytes[range]))
            }
        }
        return hash.finalize().hexadecimal
    }

    /// The fingerprint of a model's weights.
    package static func of(_ weights: WeightFiles) -> String { of(weights.tensors.values) }

    private static func sampledRanges(byteCount: Int) -> [Range<Int>] {
        if byteCount <= 3 * sampleBytes { return [0..<byteCount] }
        let middle = (byteCount - sampleBytes) / 2
        return [
            0..<sampleBytes, middle..<middle + sampleBytes, byteCount - sampleBytes..<byteCount,
        ]
    }
}
