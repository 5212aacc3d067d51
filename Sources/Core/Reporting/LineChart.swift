import Foundation

/// A chart over optimizer steps as inline SVG; colours come from the page's style.
package struct LineChart {
    package struct Point {
        package var x, y: Double

        package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
    }

    package enum SeriesStyle {
        case first, faint, second
        /// One of many: six colours, then the same with dashes, then with dots.
        case hue(Int)

        /// Classes of the page's style.
        var classes: String {
            switch self {
            case .first: "first"
            case .faint: "faint"
            case .second: "second"
            case .hue(let index): "h\(index % 6) d\(index / 6 % 3)"
            }
        }
    }

    package struct Series {
        var name: String
        var style: SeriesStyle
        package var points: [Point]

        package init(
            name: String, style: SeriesStyle, points: [Point]
        ) {
            (self.name, self.style, self.points) = (name, style, points)
        }
    }

    var title: String
    var unit: String
    /// What x counts, for readers of the picture's label.
    var over = "steps"
    var startsAtZero = false
    package var series: [Series]

    package init(
        title: String, unit: String, over: String = "steps", startsAtZero: Bool = false, series: [Series]
    ) {
        (self.title, self.unit, self.startsAtZero, self.series) = (title, unit, startsAtZero, series)
        self.over = over
    }

    private static let width = 720.0, height = 250.0
    private static let left = 76.0, right = 16.0, top = 12.0, bottom = 34.0

    /// The chart in a section with heading and, for several series, a legend.
    package var html: String {
        let legend =
            series.count < 2
            ? ""
            : "<p class=\"legend\">"
                + series.map {
                    "<span><i class=\"\($0.style.classes)\"></i>\(htmlEscaped($0.name))</span>"
                }.joined() + "</p>\n"
        let small = unit.isEmpty ? "" : " <small>\(htmlEscaped(unit))</small>"
        return "<section>\n<h2>\(htmlEscaped(title))\(small)</h2>\n\(legend)\(svg)\n</section>"
    }

    private var svg: String {
        let points = series.flatMap(\.points)
        let x = Axis(points.map(\.x), wholeNumbers: true)
        let y = Axis(startsAtZero ? points.map(\.y) + [0] : points.map(\.y), wholeNumbers: false)
        let area = (width: Self.width - Self.left - Self.right, height: Self.height - Self.top - Self.bottom)
        func place(_ point: Point) -> (x: Double, y: Double) {
            (Self.left + x.fraction(point.x) * area.width, Self.top + (1 - y.fraction(point.y)) * area.height)
        }
        var parts = y.ticks.map { tick -> String in
            let level = place(Point(x: x.low, y: tick)).y
            return
                "<line class=\"grid\" x1=\"\(coordinate(Self.left))\" x2=\"\(coordinate(Self.width - Self.right))\" "
                + "y1=\"\(coordinate(level))\" y2=\"\(coordinate(level))\"/>"
                + "<text x=\"\(coordinate(Self.left - 8))\" y=\"\(coordinate(level + 4))\" text-anchor=\"end\">\(y.label(tick))</text>"
        }
        parts += x.ticks.map { tick in
            let place = place(Point(x: tick, y: y.low))
            let anchor = place.x > Self.width - 40 ? "end" : "middle"
            return
                "<text x=\"\(coordinate(place.x))\" y=\"\(coordinate(Self.height - 10))\" text-anchor=\"\(anchor)\">\(x.label(tick))</text>"
        }
        for one in series {
            let places = thinned(one.points).map(place)
            let name = one.style.classes
            if places.count > 1 {
                let list = places.map { "\(coordinate($0.x)),\(coordinate($0.y))" }.joined(separator: " ")
                parts.append(
                    "<polyline class=\"\(name)\" points=\"\(list)\"><title>\(htmlEscaped(one.name))</title></polyline>")
            }
            if places.count <= 30 {
                parts += places.map {
                    "<circle class=\"\(name)\" cx=\"\(coordinate($0.x))\" cy=\"\(coordinate($0.y))\" r=\"3\"/>"
                }
            }
        }
        let size = "viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\""
        return "<svg \(size) role=\"img\" aria-label=\"\(htmlEscaped(title)) over \(over)\">\n"
            + parts.joined(separator: "\n") + "\n</svg>"
    }

    private func coordinate(_ value: Double) -> String { String(format: "%.1f", value) }

    /// At most about 1400 points: the lowest and the highest of each of 700 equal stretches, so that no peak is lost.
    private func thinned(_ points: [Point]) -> [Point] {
        let stretches = 700
        guard points.count > 2 * stretches else { return points }
        return (0..<stretches).flatMap { index -> [Point] in
            let stretch = points[
                (index * points.count / stretches)..<((index + 1) * points.count / stretches)]
            guard let low = stretch.min(by: { $0.y < $1.y }), let high = stretch.max(by: { $0.y < $1.y })
            else { return [] }
            return low.x < high.x ? [low, high] : high.x < low.x ? [high, low] : [low]
        }
    }
}

/// A range with round numbers to mark in it.
package struct Axis {
    let low, high: Double
    package let ticks: [Double]
    private let spacing: Double

    /// - Parameter wholeNumbers: no marks between whole numbers, and the range ends with the values.
    package init(_ values: [Double], wholeNumbers: Bool) {
        let least = values.min() ?? 0, most = values.max() ?? 1
        let margin = most > least ? 0 : max(abs(least) * 0.1, wholeNumbers ? 1 : 1e-12)
        let span = most - least + 2 * margin
        let rough = span / 5
        let magnitude = pow(10, floor(log10(rough)))
        let nice = ([1, 2, 2.5, 5, 10].first { $0 * magnitude >= rough } ?? 10) * magnitude
        let step = wholeNumbers ? max(1, nice.rounded(.up)) : nice
        spacing = step
        // Marks are counted in whole steps, so that rounding cannot lose the one at the end.
        let slack = 1e-9
        let first, last: Double
        if wholeNumbers {
            low = least - margin
            high = most + margin
            first = (low / step - slack).rounded(.up)
            last = (high / step + slack).rounded(.down)
        } else {
            first = ((least - margin) / step + slack).rounded(.down)
            last = ((most + margin) / step - slack).rounded(.up)
            low = first * step
            high = last * step
        }
        ticks = first <= last ? (0...Int(last - first)).map { (first + Double($0)) * step } : []
    }

    package func fraction(_ value: Double) -> Double { (value - low) / (high - low) }

    package func label(_ tick: Double) -> String {
        if tick == 0 { return "0" }
        if spacing < 1e-3 {
            let parts = String(format: "%.2e", tick).split(separator: "e")
            return "\(Double(parts[0]) ?? 0)e\(Int(parts[1]) ?? 0)".replacingOccurrences(of: ".0e", with: "e")
        }
        if abs(tick) >= 100_000 { return String(format: "%gk", tick / 1000) }
        let decimals = max(
            0, -Int(floor(log10(spacing) + 1e-9)) + (spacing.description.contains("25") ? 1 : 0))
        return String(format: "%.\(decimals)f", tick)
    }
}
