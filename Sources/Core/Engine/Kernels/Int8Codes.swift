import CKernels

extension Kernels {
    /// Whether this processor has instructions made for products of int8 codes (AVX-512 VNNI).
    public static var multipliesInt8Fast: Bool { ck_int8_is_fast() }
}

/// A matrix `W = diag(s) Q` of int8 codes Q, packed once as the products in both directions read them.
///
/// One byte an element, s `[rows]` in float32, in one piece of memory:
///
///     codes of panel 0, of panel 1, …    a panel: 64 rows, the last one filled up
///     s                                  4 bytes a row
///
/// Bits of a product's row depend on that row of X only.
package struct Int8Codes {
    package let rows: Int
    package let columns: Int
    private let memory: UnsafeMutableRawPointer
    private let owner: AnyObject

    /// The largest reduction whose 32-bit sums cannot overflow: 2³¹ / 127².
    package static let longestReduction = 130_000
    /// Rows that are packed together.
    package static let panelRows = 64

    /// Codes that lie at `memory` (``byteCount(rows:columns:)`` bytes, aligned to 64), which `owner` keeps, once they are there.
    package init(rows: Int, columns: Int, memory: UnsafeMutableRawPointer, owner: AnyObject) {
        (self.rows, self.columns, self.memory, self.owner) = (rows, columns, memory, owner)
    }

    /// Bytes of codes and scales.
    package static func byteCount(rows: Int, columns: Int) -> Int {
        panelCount(rows: rows) * panelBytes(columns: columns) + rows * MemoryLayout<Float>.stride
    }

    /// Panels of a matrix.
    package static func panelCount(rows: Int) -> Int { (rows + panelRows - 1) / panelRows }

    /// Bytes of a panel's codes.
    package static func panelBytes(columns: Int) -> Int { Int(ck_int8_bytes(Int64(panelRows), Int64(columns))) }

    /// Rows of panel `panel`.
    package static func range(ofPanel panel: Int, rows: Int) -> Range<Int> {
        panel * panelRows..<min((panel + 1) * panelRows, rows)
    }

    /// Quantises rows of W to `s = max |w| / 127`, the rows of a panel.
    ///
    /// - Parameters:
    ///   - decode: writes a range of rows of W as float32.
    ///   - codes: where the panel's codes go.
    ///   - scales: where the scales of its rows go.
    package static func quantise(
        panel: Int, rows: Int, columns: Int, codes: UnsafeMutableRawPointer, scales: UnsafeMutablePointer<Float>,
        decode: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        let range = range(ofPanel: panel, rows: rows)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: panelRows * columns) { floats in
            withUnsafeTemporaryAllocation(of: Int8.self, capacity: columns + 63) { rowCodes in
                guard let floats = floats.baseAddress, let rowCodes = rowCodes.baseAddress else { return }
                decode(range, floats)
                ck_int8_pack(
                    floats, Int64(range.count), Int64(columns), codes.assumingMemoryBound(to: UInt8.self), scales,
                    rowCodes)
            }
        }
    }

    /// Quantises all of W.
    package func quantise(threads: ThreadPool, decode: (Range<Int>, UnsafeMutablePointer<Float>) -> Void) {
        threads.run(tasks: Self.panelCount(rows: rows)) { panel in
            Self.quantise(
                panel: panel, rows: rows, columns: columns, codes: codes(ofPanel: panel),
                scales: scales + panel * Self.panelRows, decode: decode)
        }
    }

    /// Where the codes of a panel lie.
    package func codes(ofPanel panel: Int) -> UnsafeMutableRawPointer {
        memory + panel * Self.panelBytes(columns: columns)
    }

    /// s.
    package var scales: UnsafeMutablePointer<Float> {
        codes(ofPanel: Self.panelCount(rows: rows)).assumingMemoryBound(to: Float.self)
    }

    /// Bytes that codes and scales take.
    package var byteCount: Int { Self.byteCount(rows: rows, columns: columns) }

    /// `Y = X Wᵀ`, or `Y = X W` with `transposed`, or `Y += …`.
    ///
    /// A row x of X, with `transposed` multiplied by s, is quantised to `σ = max |x| / 127`: `x ≈ σ (q₁ + q₂ / 254)`, q₂ only
    /// with two `digits`. The result is `σ (Σ q Q)`, without `transposed` times s.
    package func multiply(
        _ x: Tensor, transposed: Bool, digits: Int, into y: Tensor, accumulate: Bool, engine: Engine
    ) {
        precondition(
            x.columns == (transposed ? rows : columns) && y.columns == (transposed ? columns : rows)
                && x.rows == y.rows, "shapes of a product with int8 codes")
        withMatrix { matrix in
            ck_int8_multiply(
                engine.threads.handle, matrix, transposed, Int32(digits), Int64(x.rows), x.pointer, Int64(x.columns),
                y.pointer, Int64(y.columns), accumulate)
        }
    }

    /// Writes rows of `diag(s) Q` as float32.
    package func decode(rows range: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        withMatrix { matrix in
            for (index, row) in range.enumerated() { ck_int8_unpack(matrix, Int64(row), destination + index * columns) }
        }
    }

    private func withMatrix(_ body: (UnsafePointer<ck_int8_matrix>) -> Void) {
        var matrix = ck_int8_matrix(
            rows: Int64(rows), columns: Int64(columns),
            codes: UnsafeRawPointer(memory).assumingMemoryBound(to: UInt8.self), row_scales: scales)
        withExtendedLifetime(owner) { body(&matrix) }
    }
}
