import COpenBLAS

/// Decompositions of row-major matrices by LAPACK, on the calling thread alone.
///
/// LAPACK's matrices are column-major, so it is given the transposes. The results are a function of the numbers and of the
/// kernels that OpenBLAS chose for this processor; nothing depends on the number of threads or processes.
public enum LAPACK {
    /// Why a matrix could not be decomposed.
    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// An element is not finite.
        case notFinite(matrix: String)
        /// The iteration of `routine` ended with LAPACK's code `info`.
        case noConvergence(matrix: String, routine: String, info: Int)

        public var description: String {
            switch self {
            case .notFinite(let matrix):
                "\(matrix) holds numbers that are not finite, which has no decomposition; "
                    + "check the model's files, or use a method that starts without one, such as lora."
            case .noConvergence(let matrix, let routine, let info):
                "the decomposition of \(matrix) did not converge (\(routine), info \(info)); "
                    + "leave that layer out of adapter.targets, or use adapter.iterations: 4."
            }
        }
    }

    /// The `count` largest singular values of a matrix `[m, n]` with their vectors, in float64 and rounded once.
    ///
    ///     M = U diag(σ) Vᵀ      by divide and conquer (gesdd), then cut off
    ///
    /// - Parameter name: what the matrix is called in errors.
    public static func singularValues(
        of matrix: Tensor, count: Int, named name: String, engine: Engine
    ) throws(Failure) -> SingularValues {
        try requireFinite(matrix, named: name, engine: engine)
        let (rows, columns) = (matrix.rows, matrix.columns)
        let all = min(rows, columns)
        let copy = UnsafeMutablePointer<Double>.allocate(capacity: max(matrix.count, 1))
        let values = UnsafeMutablePointer<Double>.allocate(capacity: max(all, 1))
        let right = UnsafeMutablePointer<Double>.allocate(capacity: max(all * columns, 1))
        let left = UnsafeMutablePointer<Double>.allocate(capacity: max(rows * all, 1))
        let integers = UnsafeMutablePointer<Int32>.allocate(capacity: max(8 * all, 1))
        defer {
            for memory in [copy, values, right, left] { memory.deallocate() }
            integers.deallocate()
        }
        for index in 0..<matrix.count { copy[index] = Double(matrix.pointer[index]) }
        let info = withWorkspace { (work: UnsafeMutablePointer<Double>, workCount: Int32) in
            var job = CChar(UInt8(ascii: "S"))
            var (m, n, leading) = (Int32(columns), Int32(rows), Int32(columns))
            var (leadingRight, leadingLeft, count) = (Int32(columns), Int32(all), workCount)
            var info: Int32 = 0
            dgesdd_(
                &job, &m, &n, copy, &leading, values, right, &leadingRight, left, &leadingLeft, work, &count, integers,
                &info)
            return info
        }
        guard info == 0 else { throw .noConvergence(matrix: name, routine: "dgesdd", info: Int(info)) }
        let kept = min(count, all)
        let (u, vT) = (
            engine.memory.tensor(rows: rows, columns: kept), engine.memory.tensor(rows: kept, columns: columns)
        )
        for row in 0..<rows {
            for index in 0..<kept { u.pointer[row * kept + index] = Float(left[row * all + index]) }
        }
        for index in 0..<vT.count { vT.pointer[index] = Float(right[index]) }
        var result = SingularValues(u: u, values: (0..<kept).map { values[$0] }, vT: vT)
        result.fixSigns()
        return result
    }

    /// Replaces the rows of a matrix `[q, m]`, q ≤ m, by orthonormal ones.
    ///
    ///     Mᵀ = Q R, by Householder reflections; the rows become those of Qᵀ, with signs so that R's diagonal is ≥ 0
    ///
    /// The first i rows span what the first i rows of M span, where those are independent.
    public static func orthonormaliseRows(of matrix: Tensor, named name: String, engine: Engine) throws(Failure) {
        precondition(matrix.rows <= matrix.columns, "more vectors than dimensions")
        try requireFinite(matrix, named: name, engine: engine)
        let (count, length) = (matrix.rows, matrix.columns)
        let scales = UnsafeMutablePointer<Float>.allocate(capacity: max(count, 1))
        defer { scales.deallocate() }
        var info = withWorkspace { (work: UnsafeMutablePointer<Float>, workCount: Int32) in
            var (m, n, leading, size, info) = (Int32(length), Int32(count), Int32(length), workCount, Int32(0))
            sgeqrf_(&m, &n, matrix.pointer, &leading, scales, work, &size, &info)
            return info
        }
        guard info == 0 else { throw .noConvergence(matrix: name, routine: "sgeqrf", info: Int(info)) }
        let isNegative = (0..<count).map { matrix.pointer[$0 * length + $0] < 0 }
        info = withWorkspace { (work: UnsafeMutablePointer<Float>, workCount: Int32) in
            var (m, n, k, leading) = (Int32(length), Int32(count), Int32(count), Int32(length))
            var (size, info) = (workCount, Int32(0))
            sorgqr_(&m, &n, &k, matrix.pointer, &leading, scales, work, &size, &info)
            return info
        }
        guard info == 0 else { throw .noConvergence(matrix: name, routine: "sorgqr", info: Int(info)) }
        for row in 0..<count where isNegative[row] {
            for index in row * length..<(row + 1) * length { matrix.pointer[index].negate() }
        }
    }

    private static func requireFinite(_ matrix: Tensor, named name: String, engine: Engine) throws(Failure) {
        guard !Kernels.hasNonFinite(engine.threads, x: matrix.pointer, count: matrix.count) else {
            throw .notFinite(matrix: name)
        }
    }

    /// Calls a routine once to ask for its workspace and once with it.
    private static func withWorkspace<Scalar: BinaryFloatingPoint>(
        _ routine: (UnsafeMutablePointer<Scalar>, Int32) -> Int32
    ) -> Int32 {
        var wanted: Scalar = 0
        let info = routine(&wanted, -1)
        guard info == 0 else { return info }
        let count = max(Int(wanted), 1)
        let work = UnsafeMutablePointer<Scalar>.allocate(capacity: count)
        defer { work.deallocate() }
        return routine(work, Int32(count))
    }
}
