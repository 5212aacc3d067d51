import CKernels

extension Kernels {
    /// Whether this processor has instructions made for products of int8 codes (AVX-512 VNNI).
    public static var multipliesInt8Fast: Bool { ck_int8_is_fast() }
}

/// A matrix `W = diag(s) Q` of int8 codes Q, packed once as the products in both directions read them.
///
/// One byte an element, s `[rows]` in float32. Bits of a product's row depend on that row of X only.
package struct Int8Codes {
    package let rows: Int
    package let columns: Int
    private let codes: Tensor
    private let rowScales: Tensor

    /// The largest reduction whose 32-bit sums cannot overflow: 2³¹ / 127².
    package static let longestReduction = 130_000

    /// Quantises W `[rows, columns]` row by row to `s = max |w| / 127`.
    ///
    /// - Parameter decode: writes a range of rows of W as float32.
    package init(
        rows: Int, columns: Int, engine: Engine,
        decode: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        self.rows = rows
        self.columns = columns
        let byteCount = ck_int8_bytes(Int64(rows), Int64(columns))
        let (panelRows, panelCount) = (64, (rows + 63) / 64)
        let panelBytes = byteCount / max(panelCount, 1)
        codes = engine.memory.tensor(rows: 1, columns: byteCount / MemoryLayout<Float>.stride)
        rowScales = engine.memory.tensor(rows: 1, columns: rows)
        let base = UnsafeMutableRawPointer(codes.pointer).assumingMemoryBound(to: UInt8.self)
        let scales = rowScales.pointer
        engine.threads.run(tasks: panelCount) { panel in
            let range = panel * panelRows..<min((panel + 1) * panelRows, rows)
            withUnsafeTemporaryAllocation(of: Float.self, capacity: panelRows * columns) { floats in
                withUnsafeTemporaryAllocation(of: Int8.self, capacity: columns + 63) { rowCodes in
                    guard let floats = floats.baseAddress, let rowCodes = rowCodes.baseAddress else { return }
                    decode(range, floats)
                    ck_int8_pack(
                        floats, Int64(range.count), Int64(columns), base + panel * panelBytes,
                        scales + range.lowerBound, rowCodes)
                }
            }
        }
    }

    /// Bytes that codes and scales take.
    package var byteCount: Int { (codes.count + rowScales.count) * MemoryLayout<Float>.stride }

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
            codes: UnsafeRawPointer(codes.pointer).assumingMemoryBound(to: UInt8.self),
            row_scales: rowScales.pointer)
        body(&matrix)
    }
}
