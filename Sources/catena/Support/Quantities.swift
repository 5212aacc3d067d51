import ArgumentParser

/// Bytes given on the command line: `64GB`, `1.5TB`, `512MiB`.
struct MemorySize: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units = [
            "B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 0x1p10, "MiB": 0x1p20,
            "GiB": 0x1p30,
            "TiB": 0x1p40,
        ]
        guard let value = Quantity.value(of: argument, units: units), value >= 1, value < 0x1p60 else { return nil }
        bytes = Int(value)
    }
}

/// A network's rate given on the command line, in bits (`25Gb`, `25Gb/s`) or bytes (`3GB/s`) a second.
struct NetworkBandwidth: ExpressibleByArgument {
    let bytesPerSecond: Double

    init?(argument: String) {
        let units = [
            "Mb": 1e6 / 8, "Gb": 1e9 / 8, "Tb": 1e12 / 8, "Mbit": 1e6 / 8, "Gbit": 1e9 / 8, "MB": 1e6, "GB": 1e9,
        ]
        let rate = argument.hasSuffix("/s") ? String(argument.dropLast(2)) : argument
        guard let value = Quantity.value(of: rate, units: units), value > 0 else { return nil }
        bytesPerSecond = value
    }
}

/// A number followed by a unit.
private enum Quantity {
    static func value(of text: String, units: [String: Double]) -> Double? {
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).drop { $0 == " " }
        guard let value = Double(number), value.isFinite, let factor = units[String(unit)] else { return nil }
        return value * factor
    }
}
