import Foundation

/// How rotary frequencies are stretched beyond the length a model was trained on.
public enum RotaryScaling: Sendable, Equatable {
    /// Frequencies as they are.
    case none
    /// All frequencies divided by `factor`.
    case linear(factor: Double)
    /// Llama 3.1: low frequencies divided by `factor`, high ones kept, smooth in between.
    case llama3(factor: Double, lowFrequencyFactor: Double, highFrequencyFactor: Double, originalPositions: Int)
    /// Each frequency divided by its own factor, as GGUF files store it (`rope_freqs.weight`).
    case factors([Float])

    /// Whether all factors are positive, of a size that a model can have, and, if they are listed, as many as a head has
    /// pairs.
    func isValid(headDimension: Int) -> Bool {
        func isFactor(_ factor: Double) -> Bool { (1e-6...1e9).contains(factor) }
        switch self {
        case .none: return true
        case .linear(let factor): return isFactor(factor)
        case .factors(let factors):
            return factors.count == headDimension / 2 && factors.allSatisfy { isFactor(Double($0)) }
        case .llama3(let factor, let low, let high, let positions):
            return isFactor(factor) && isFactor(low) && isFactor(high) && high > low
                && (1...ModelLimit.positions).contains(positions)
        }
    }

    /// The angle per position of each rotary pair, `[headDimension / 2]`.
    ///
    ///     f_i = base^(-2i / d);   linear: f_i / factor
    ///     llama3, wavelength w = 2π / f_i, L = original positions:
    ///         w < L / high: f_i     w > L / low: f_i / factor
    ///         else: (1 - s) f_i / factor + s f_i,  s = (L / w - low) / (high - low)
    ///
    /// - Source: transformers `modeling_rope_utils.py`, `_compute_llama3_parameters`.
    public func frequencies(base: Double, headDimension: Int) -> [Double] {
        let plain = (0..<headDimension / 2).map { pow(base, -2 * Double($0) / Double(headDimension)) }
        switch self {
        case .none:
            return plain
        case .linear(let factor):
            return plain.map { $0 / factor }
        case .factors(let factors):
            return zip(plain, factors).map { $0 / Double($1) }
        case .llama3(let factor, let low, let high, let originalPositions):
            let length = Double(originalPositions)
            return plain.map { frequency in
                let wavelength = 2 * Double.pi / frequency
                if wavelength < length / high { return frequency }
                if wavelength > length / low { return frequency / factor }
                let smooth = (length / wavelength - low) / (high - low)
                return (1 - smooth) * frequency / factor + smooth * frequency
            }
        }
    }
}
