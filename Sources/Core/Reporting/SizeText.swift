/// Sizes of memory and files as people read them, in powers of 1000.
package enum SizeText {
    /// `512 bytes`, `1.5 MB`, `138.0 GB`, `2.10 TB`: one decimal from a kilobyte on, two from a terabyte on.
    package static func bytes(_ count: Int) -> String {
        let size = Double(count.magnitude)
        let text: String =
            switch size {
            case ..<999.5: "\(count.magnitude) bytes"
            case ..<999.95e3: decimal(size / 1e3, 1) + " kB"
            case ..<999.95e6: decimal(size / 1e6, 1) + " MB"
            case ..<999.95e9: decimal(size / 1e9, 1) + " GB"
            default: decimal(size / 1e12, 2) + " TB"
            }
        return count < 0 ? "-" + text : text
    }

    private static func decimal(_ value: Double, _ digits: Int) -> String {
        let scale = digits == 1 ? 10.0 : 100.0
        let scaled = Int((value * scale).rounded())
        let fraction = String(scaled % Int(scale))
        return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
