import CatenaReporting
import Foundation
import Testing

@Suite("HTML report")
struct RunReportTests {
    private func report(steps: Int) -> RunReport {
        let lines =
            steps == 0
            ? [] : (1...steps).map { metricsLine($0, validationLoss: $0 % 10 == 0 ? 3 + Double($0) : nil) }
        return RunReport(
            title: "a <run> & more", configurationYAML: "model: \"<m>\"\n", lines: lines,
            facts: [.init("Ranks", "2")])
    }

    private func attributes(_ name: String, in html: String) -> [Double] {
        html.components(separatedBy: "\(name)=\"").dropFirst().compactMap { Double($0.prefix { $0 != "\"" }) }
    }

    @Test("the page needs nothing from outside and escapes what users wrote", arguments: [0, 1, 3, 500])
    func selfContained(steps: Int) {
        let html = report(steps: steps).html
        #expect(
            !html.contains("http") && !html.contains("<script") && !html.contains("src=")
                && !html.contains("<link"))
        #expect(
            html.contains("<h1>a &lt;run&gt; &amp; more</h1>")
                && html.contains("<pre>model: &quot;&lt;m&gt;&quot;\n</pre>"))
        #expect(html.contains("prefers-color-scheme: dark") && html.contains("name=\"viewport\""))
        #expect(html.contains("<dt>Ranks</dt><dd>2</dd>"))
        #expect(!html.contains("nan") && !html.contains("inf\""))
    }

    @Test("the page is well-formed", arguments: [0, 3, 500])
    func wellFormed(steps: Int) {
        let html = report(steps: steps).html
        for tag in ["section", "svg", "div", "span", "p", "text", "dl", "main", "h2", "style"] {
            let opened =
                html.components(separatedBy: "<\(tag)>").count
                + html.components(separatedBy: "<\(tag) ").count - 2
            #expect(opened == html.components(separatedBy: "</\(tag)>").count - 1, "\(tag)")
        }
    }

    @Test("curves lie inside their charts and validation has its own")
    func curves() {
        let html = report(steps: 40).html
        #expect(html.components(separatedBy: "<svg").count == 5)
        #expect(html.contains("polyline class=\"second\"") && html.contains("validation"))
        #expect(html.contains("<dt>Best validation loss (step 10)</dt><dd>13.0000</dd>"))
        #expect(html.contains("<dt>Last validation loss</dt><dd>43.0000</dd>"))
        #expect(attributes("cx", in: html).allSatisfy { (0...720).contains($0) })
        #expect(attributes("cy", in: html).allSatisfy { (0...250).contains($0) })
        let points = html.components(separatedBy: "points=\"").dropFirst().flatMap {
            $0.prefix { $0 != "\"" }.split(separator: " ")
        }
        #expect(points.count > 150)
        for point in points {
            let pair = point.split(separator: ",").compactMap { Double($0) }
            #expect(pair.count == 2 && (0...720).contains(pair[0]) && (0...250).contains(pair[1]))
        }
    }

    @Test("a long run stays a small page and keeps its peak")
    func longRun() {
        var long = report(steps: 20_000)
        long.lines[12_345].gradientNorm = 1e6
        let html = long.html
        #expect(html.utf8.count < 200_000)
        #expect(html.contains("1000k"))
    }

    @Test("weights of samples have charts of their own, and runs without them none")
    func sampleWeights() throws {
        let titles = ["Losses of samples", "Effective sample size", "Samples on the plateau"]
        func html(_ lines: [MetricsLine]) -> String {
            RunReport(title: "t", configurationYAML: "", lines: lines).html
        }
        var lines = (1...3).map { metricsLine($0, validationLoss: nil) }
        for title in titles { #expect(!html(lines).contains(title)) }
        for index in lines.indices {
            lines[index].means = SampleMetric.allCases.enumerated().map { $1.mean(Double($0 + index)) }
        }
        let page = html(lines)
        for title in titles { #expect(page.contains(title)) }
        #expect(page.contains("weighted mean") && page.contains("largest"))
        // Not drawn once more under their keys.
        #expect(!page.contains("Weighted loss") && !page.contains("Plateau share"))
        #expect(MetricsLine(json: lines[0].json)?.means == lines[0].means)
    }

    @Test("losses that are not finite are left out")
    func notFinite() {
        var broken = report(steps: 3)
        broken.lines[1].loss = .nan
        #expect(!broken.html.contains("nan,") && !broken.html.contains(",nan"))
    }

    @Test("the page is written whole, and a missing folder is an error")
    func writes() throws {
        try withTemporaryFolder { folder in
            try report(steps: 3).write(to: folder + "/report.html")
            #expect(
                try String(contentsOfFile: folder + "/report.html", encoding: .utf8) == report(steps: 3).html)
        }
        #expect(throws: ReportingError.self) { try report(steps: 3).write(to: "/nowhere/report.html") }
    }
}

@Suite("Resident memory")
struct ResidentMemoryTests {
    @Test(
        "the peak is at least what is held now",
        .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status")))
    func peak() {
        let current = ResidentMemory.currentBytes
        #expect(current > 1_000_000)
        #expect(ResidentMemory.peakBytes >= current / 2)
    }
}
