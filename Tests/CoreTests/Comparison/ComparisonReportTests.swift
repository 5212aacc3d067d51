import CatenaLearning
import Foundation
import Testing

@Suite("Pages of comparisons")
struct ComparisonReportTests {
    private func report(steps: Int = 40, _ change: (inout String) -> Void = { _ in }) throws -> ComparisonReport {
        let table = try comparisonTable(change)
        let runs = [1, 2].map { _ in (1...steps).map { metricsLine($0, validationLoss: $0 % 10 == 0 ? 3 : nil) } }
        return ComparisonReport(
            title: "a <comparison> & more", table: table,
            curves: Dictionary(uniqueKeysWithValues: table.rows.map { ($0.name, .init(runs: runs)) }))
    }

    @Test("the page needs nothing from outside, escapes names and knows both colour schemes")
    func selfContained() throws {
        let html = try report { $0 = $0.replacingOccurrences(of: "name: sums", with: "name: \"<s>\"") }.html
        #expect(
            !html.contains("http") && !html.contains("<script") && !html.contains("src=") && !html.contains("<link"))
        #expect(html.contains("a &lt;comparison&gt; &amp; more") && html.contains("&lt;s&gt;") && !html.contains("<s>"))
        #expect(html.contains("prefers-color-scheme: dark"))
        #expect(!html.contains("nan") && !html.contains("inf\""))
    }

    @Test("every tag that opens closes", arguments: [1, 40])
    func wellFormed(steps: Int) throws {
        let html = try report(steps: steps).html
            .replacingOccurrences(of: "<!DOCTYPE html>\n", with: "")
            .replacingOccurrences(of: "<meta charset=\"utf-8\">", with: "")
            .replacingOccurrences(of: "initial-scale=1\">", with: "initial-scale=1\"/>")
        // Every tag that opens closes, in order.
        var open: [Substring] = []
        for match in html.matches(of: /<(\/?)([a-z0-9]+)((?:[^<>"]|"[^"]*")*?)(\/?)>/) {
            if match.output.4 == "/" { continue }
            if match.output.1.isEmpty {
                open.append(match.output.2)
            } else {
                #expect(open.popLast() == match.output.2)
            }
        }
        #expect(open.isEmpty)
    }

    @Test("curves of every method, a point for each in every scatter plot, all inside")
    func charts() throws {
        let html = try report().html
        #expect(html.components(separatedBy: "<svg").count - 1 == 6)
        #expect(html.contains("polyline class=\"h0 d0\"") && html.contains("polyline class=\"h1 d0\""))
        #expect(html.components(separatedBy: "class=\"name\"").count - 1 == 2 * 4)
        for name in ["cx", "x1", "x2", "x"] {
            let values = html.components(separatedBy: " \(name)=\"").dropFirst().compactMap {
                Double($0.prefix { $0 != "\"" })
            }
            #expect(values.allSatisfy { (0...720).contains($0) }, "\(name)")
        }
        #expect(html.contains("<tr class=\"chosen\"><td class=\"text\">one</td><td>0.004</td>"))
        #expect(html.contains(">untrained</text>"))
    }
}
