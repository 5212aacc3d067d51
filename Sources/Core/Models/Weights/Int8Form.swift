import CatenaEngine
import CatenaFiles

/// A matrix as int8 codes with a scale for each row, multiplied as such or decoded a block of rows at a time.
///
///     working bytes   codes of all panels, scales of all rows (``Int8Codes``)
///     sent bytes      for each panel of 64 rows its codes and its 64 scales, so that a shard is made of its own rows alone
struct Int8Form: WeightForm {
    /// The numbers as the model has them.
    let source: any FrozenWeight
    /// Whether these stay where they are.
    let keepsSource: Bool
    /// Digits of the gradient in products with the codes; nil where products are in float32.
    let gradientDigits: Int?

    private static let scaleBytes = Int8Codes.panelRows * MemoryLayout<Float>.stride

    var rows: Int { source.outFeatures }
    var columns: Int { source.inFeatures }
    var inFile: (any FrozenWeight)? { keepsSource ? source : nil }
    var workingBytes: Int { Int8Codes.byteCount(rows: rows, columns: columns) }
    var sentBytes: Int { panelCount * sentPanelBytes }
    private var panelCount: Int { Int8Codes.panelCount(rows: rows) }
    private var panelBytes: Int { Int8Codes.panelBytes(columns: columns) }
    private var sentPanelBytes: Int { panelBytes + Self.scaleBytes }

    func inPlace(isShared: Bool) -> (any FrozenWeight)? { nil }

    func fill(_ memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        unsafe Int8Codes(rows: rows, columns: columns, memory: memory, owner: source).quantise(threads: threads) {
            unsafe source.decode(rows: $0, into: $1)
        }
    }

    func weight(at memory: WeightMemory) -> any FrozenWeight {
        let codes = unsafe Int8Codes(rows: rows, columns: columns, memory: memory.bytes, owner: memory.owner)
        if let gradientDigits { return Int8Weight(codes, gradientDigits: gradientDigits, original: inFile) }
        return unsafe CompactWeight(rows: rows, columns: columns, storedBytes: workingBytes, original: inFile) {
            unsafe codes.decode(rows: $0, into: $1)
        }
    }

    func read(
        _ range: Range<Int>, into destination: UnsafeMutableRawPointer, from files: StoredBytes
    ) throws(FileError) {
        unsafe withUnsafeTemporaryAllocation(byteCount: sentPanelBytes, alignment: 64) { sent in
            guard let codes = sent.baseAddress else { return }
            let scales = unsafe (codes + panelBytes).assumingMemoryBound(to: Float.self)
            for panel in range.lowerBound / sentPanelBytes..<(range.upperBound + sentPanelBytes - 1) / sentPanelBytes {
                unsafe scales.update(repeating: 0, count: Int8Codes.panelRows)
                unsafe Int8Codes.quantise(panel: panel, rows: rows, columns: columns, codes: codes, scales: scales) {
                    files.add(byteCount: source.storedBytes / rows * $0.count)
                    unsafe source.decode(rows: $0, into: $1)
                }
                unsafe sent.copy(range, of: panel * sentPanelBytes, into: destination)
            }
        }
    }

    func unpack(_ sent: UnsafeRawPointer, into memory: UnsafeMutableRawPointer, threads: ThreadPool) {
        let codes = unsafe Int8Codes(rows: rows, columns: columns, memory: memory, owner: source)
        threads.runRows(panelCount, minimumPerTask: 4) { panels in
            for panel in panels {
                let part = unsafe sent + panel * sentPanelBytes
                unsafe codes.codes(ofPanel: panel).copyMemory(from: part, byteCount: panelBytes)
                let count = Int8Codes.range(ofPanel: panel, rows: rows).count
                unsafe (codes.scales + panel * Int8Codes.panelRows).update(
                    from: (part + panelBytes).assumingMemoryBound(to: Float.self), count: count)
            }
        }
    }
}
