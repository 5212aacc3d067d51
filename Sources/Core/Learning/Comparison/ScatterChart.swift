import CatenaReporting
import Foundation

/// Points with names, error bars and a logarithmic horizontal axis, as inline SVG; colours come from the page's style.
struct ScatterChart {
    struct Point {
        var name: String
        var hue: Int
        var x: Double
        var y: Double
        /// Half the length of the error bar.
        var deviation: Double?
    }

    var title: String
    var unit: String
    var xTitle: String
    var points: [Point]
    /// A level to compare with.
    var level: (name: String, y: Double)?

    private static let width = 720.0, height = 380.0
    private static let left = 76.0, right = 24.0, top = 16.0, bottom = 56.0
    private static let labelHeight = 15.0, letterWidth = 7.0

    /// The chart in a section with its heading.
    var html: String {
        let small = unit.isEmpty ? "" : " <small>\(htmlEscaped(unit))</small>"
        return "<section>\n<h2>\(htmlEscaped(title))\(small)</h2>\n\(svg)\n</section>"
    }

    private struct Box {
        var left, right, top, bottom: Double

        func overlap(_ other: Box) -> Double {
            max(0, min(right, other.right) - max(left, other.left))
                * max(0, min(bottom, other.bottom) - max(top, other.top))
        }
    }

    private var svg: String {
        let xs = points.map(\.x)
        let (least, most) = (log10(xs.min() ?? 1), log10(xs.max() ?? 10))
        let margin = max(0.08 * (most - least), 0.15)
        let (low, high) = (least - margin, most + margin)
        let y = Axis(
            points.flatMap { [$0.y - ($0.deviation ?? 0), $0.y + ($0.deviation ?? 0)] } + (level.map { [$0.y] } ?? []),
            wholeNumbers: false)
        func horizontal(_ value: Double) -> Double {
            Self.left + (log10(value) - low) / (high - low) * (Self.width - Self.left - Self.right)
        }
        func vertical(_ value: Double) -> Double {
            Self.top + (1 - y.fraction(value)) * (Self.height - Self.top - Self.bottom)
        }
        var parts = y.ticks.map { tick in
            line("grid", Self.left, vertical(tick), Self.width - Self.right, vertical(tick))
                + text(y.label(tick), Self.left - 8, vertical(tick) + 4, "end")
        }
        parts += Self.ticks(low, high).map { tick in
            line("grid", horizontal(tick), Self.height - Self.bottom, horizontal(tick), Self.height - Self.bottom + 5)
                + text(Self.short(tick), horizontal(tick), Self.height - Self.bottom + 20, "middle")
        }
        parts.append(text(xTitle, (Self.left + Self.width - Self.right) / 2, Self.height - 8, "middle"))
        if let level {
            parts.append(line("level", Self.left, vertical(level.y), Self.width - Self.right, vertical(level.y)))
            parts.append(text(level.name, Self.width - Self.right, vertical(level.y) - 5, "end"))
        }
        let places = Self.sideBySide(points.map { (x: horizontal($0.x), y: vertical($0.y)) })
        for (point, place) in zip(points, places) {
            if let deviation = point.deviation, deviation > 0 {
                let (upper, lower) = (vertical(point.y + deviation), vertical(point.y - deviation))
                parts += [
                    line("h\(point.hue % 6)", place.x, upper, place.x, lower),
                    line("h\(point.hue % 6)", place.x - 4, upper, place.x + 4, upper),
                    line("h\(point.hue % 6)", place.x - 4, lower, place.x + 4, lower),
                ]
            }
            parts.append(marker(point, place))
        }
        let bars = zip(points, places).compactMap { point, place -> Box? in
            guard let deviation = point.deviation, deviation > 0 else { return nil }
            return Box(
                left: place.x - 4, right: place.x + 4, top: vertical(point.y + deviation),
                bottom: vertical(point.y - deviation))
        }
        parts += labels(places, bars: bars, level: level.map { vertical($0.y) })
        return
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" aria-label=\"\(htmlEscaped(title)) against \(htmlEscaped(xTitle))\">\n"
            + parts.joined(separator: "\n") + "\n</svg>"
    }

    /// Points of nearly equal counts beside each other, the middle one where it belongs.
    private static func sideBySide(_ places: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let spacing = 11.0
        var result = places
        var group: [Int] = []
        func spread() {
            let middle = group.reduce(0) { $0 + places[$1].x } / Double(max(group.count, 1))
            for (position, index) in group.enumerated() where group.count > 1 {
                result[index].x = middle + (Double(position) - Double(group.count - 1) / 2) * spacing
            }
            group = []
        }
        for index in places.indices.sorted(by: { (places[$0].x, $0) < (places[$1].x, $1) }) {
            if let last = group.last, places[index].x - places[last].x >= spacing { spread() }
            group.append(index)
        }
        spread()
        return result
    }

    /// Names beside their points, each where it covers the least of points and of names that are there.
    private func labels(_ places: [(x: Double, y: Double)], bars: [Box], level: Double?) -> [String] {
        var taken = bars + places.map { Box(left: $0.x - 7, right: $0.x + 7, top: $0.y - 7, bottom: $0.y + 7) }
        if let level, let name = self.level?.name {
            let width = Double(name.count) * Self.letterWidth
            taken.append(
                Box(
                    left: Self.width - Self.right - width, right: Self.width - Self.right, top: level - 18,
                    bottom: level + 2))
        }
        return zip(points, places).map { point, place in
            let width = Double(point.name.count) * Self.letterWidth
            func box(_ x: Double, _ y: Double) -> Box {
                Box(left: x, right: x + width, top: y - Self.labelHeight / 2, bottom: y + Self.labelHeight / 2)
            }
            var candidates: [Box] = []
            for distance in [0.0, 14, 28, 42, 56, 70] {
                for sign in distance == 0 ? [1.0] : [-1.0, 1.0] {
                    let y = place.y + sign * distance
                    candidates += [box(place.x + 10, y), box(place.x - 10 - width, y)]
                    if distance > 0 { candidates.append(box(place.x - width / 2, y)) }
                }
            }
            func cost(_ box: Box) -> Double {
                let outside =
                    max(0, Self.left - box.left) + max(0, box.right - Self.width + 4) + max(0, -box.top)
                    + max(0, box.bottom - Self.height + Self.bottom)
                return taken.reduce(0) { $0 + box.overlap($1) } + 100 * outside
            }
            let best = candidates.enumerated().min {
                (cost($0.element), $0.offset) < (cost($1.element), $1.offset)
            }?.element
            let chosen = best ?? box(place.x + 10, place.y)
            taken.append(chosen)
            let middle = (chosen.top + chosen.bottom) / 2
            var leader = ""
            if abs(middle - place.y) > 20 {
                let end = chosen.left > place.x ? chosen.left - 2 : chosen.right < place.x ? chosen.right + 2 : place.x
                let edge = middle > place.y ? chosen.top + 2 : chosen.bottom - 2
                leader = line("grid", place.x, place.y, end, end == place.x ? edge : middle)
            }
            let isLeft = chosen.right < place.x
            return leader
                + text(
                    point.name, isLeft ? chosen.right : chosen.left, middle + 4, isLeft ? "end" : "start", "name")
        }
    }

    private func marker(_ point: Point, _ place: (x: Double, y: Double)) -> String {
        let style = "class=\"h\(point.hue % 6)\""
        let title = "<title>\(htmlEscaped(point.name))</title>"
        let (x, y) = (place.x, place.y)
        func polygon(_ corners: [(Double, Double)]) -> String {
            let list = corners.map { "\(coordinate(x + $0.0)),\(coordinate(y + $0.1))" }.joined(separator: " ")
            return "<polygon \(style) points=\"\(list)\">\(title)</polygon>"
        }
        switch point.hue / 6 % 3 {
        case 0: return "<circle \(style) cx=\"\(coordinate(x))\" cy=\"\(coordinate(y))\" r=\"5\">\(title)</circle>"
        case 1: return polygon([(-5, -5), (5, -5), (5, 5), (-5, 5)])
        default: return polygon([(0, -6), (6, 5), (-6, 5)])
        }
    }

    private func line(_ style: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line class=\"\(style)\" x1=\"\(coordinate(x1))\" y1=\"\(coordinate(y1))\" x2=\"\(coordinate(x2))\" y2=\"\(coordinate(y2))\"/>"
    }

    private func text(_ text: String, _ x: Double, _ y: Double, _ anchor: String, _ style: String = "") -> String {
        let attribute = style.isEmpty ? "" : " class=\"\(style)\""
        return
            "<text\(attribute) x=\"\(coordinate(x))\" y=\"\(coordinate(y))\" text-anchor=\"\(anchor)\">\(htmlEscaped(text))</text>"
    }

    private func coordinate(_ value: Double) -> String { String(format: "%.1f", value) }

    /// Round numbers between two powers: 1, 2 and 5 times powers of ten, or only these where they would be many.
    static func ticks(_ low: Double, _ high: Double) -> [Double] {
        let factors = high - low > 3 ? [1.0] : high - low > 0.5 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8]
        return (Int(low.rounded(.down))...Int(high.rounded(.up))).flatMap { power in
            factors.map { $0 * pow(10, Double(power)) }
        }.filter { (low...high).contains(log10($0)) }
    }

    /// `500`, `20k`, `1.5M`.
    static func short(_ value: Double) -> String {
        if value >= 1e6 { return String(format: "%gM", value / 1e6) }
        return value >= 1000 ? String(format: "%gk", value / 1000) : String(format: "%g", value)
    }
}
