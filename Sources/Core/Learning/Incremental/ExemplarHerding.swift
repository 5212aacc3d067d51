/// Chooses the samples of a class whose mean stays closest to the mean of all of them.
///
///     φ_i = f_i / ||f_i||,   μ = mean φ,   p_k = argmin_i || μ - (φ_i + Σ_{j<k} φ_{p_j}) / k ||₂   over those not chosen yet
///
/// Of equal ones the first; all arithmetic is in double precision and in the order of the samples.
///
/// - Source: Rebuffi et al. 2017, *iCaRL*, arXiv:1611.07725, algorithm 4; features normalised as in PyCIL `models/base.py`.
package enum ExemplarHerding {
    /// The places of `count` samples, or of all if there are fewer, in the order in which they are chosen.
    ///
    /// - Parameter features: a row for each sample, all equally long.
    package static func choose(_ count: Int, from features: [[Float]]) -> [Int] {
        guard let width = features.first?.count, width > 0 else { return Array(features.indices.prefix(count)) }
        let rows = features.map(normalised)
        var mean = [Double](repeating: 0, count: width)
        for row in rows { for column in 0..<width { mean[column] += row[column] / Double(rows.count) } }
        var (chosen, sum): ([Int], [Double]) = ([], Array(repeating: 0, count: width))
        var isChosen = Array(repeating: false, count: rows.count)
        for number in 1...max(min(count, rows.count), 1) where number <= min(count, rows.count) {
            var best: (place: Int, distance: Double)?
            for place in rows.indices where !isChosen[place] {
                var distance = 0.0
                for column in 0..<width {
                    let difference = mean[column] - (rows[place][column] + sum[column]) / Double(number)
                    distance += difference * difference
                }
                if best.map({ distance < $0.distance }) ?? true { best = (place, distance) }
            }
            guard let place = best?.place else { break }
            chosen.append(place)
            isChosen[place] = true
            for column in 0..<width { sum[column] += rows[place][column] }
        }
        return chosen
    }

    private static func normalised(_ row: [Float]) -> [Double] {
        let norm = row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return row.map { norm > 0 ? Double($0) / norm : 0 }
    }
}
