/// destination[i] += source[i]; the operands do not overlap.
@inline(__always)
func addVector<Scalar: FloatingPoint>(
    _ source: UnsafePointer<Scalar>, to destination: UnsafeMutablePointer<Scalar>, count: Int
) {
    for i in 0..<count {
        unsafe destination[i] += source[i]
    }
}
