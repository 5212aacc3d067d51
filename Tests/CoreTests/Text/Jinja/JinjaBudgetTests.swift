import CatenaJinja
import Testing

/// A template comes with a model that someone published: it is not trusted with time, memory or the stack.
@Suite("Templates that would not end")
struct JinjaBudgetTests {
    static let hostile: [(name: String, source: String)] = [
        ("nested loops", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
        ("a long range", "{{ range(1000000000) | list }}"),
        (
            "doubled text",
            "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}"
        ),
        (
            "doubled lists",
            "{% set n = namespace(l=[1]) %}{% for i in range(99) %}{% set n.l = [n.l, n.l] %}{% endfor %}"
        ),
        ("nested lists", "{% set n = namespace(l=1) %}{% for i in range(9999) %}{% set n.l = [n.l] %}{% endfor %}"),
        ("repeated text", "{{ 'a' * 1000000000000 }}"),
        ("repeated lists", "{{ [1] * 9223372036854775807 }}"),
        ("replaced text", "{{ ('a' * 1000000) | replace('', 'b' * 1000000) }}"),
        ("a wide field", "{{ 'a'.ljust(9223372036854775807) }}"),
        ("a wide format", "{{ '%999999999999s' % 'a' }}"),
        ("a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
        ("a loop that calls itself", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"),
        ("a namespace inside itself", "{% set n = namespace() %}{% set n.n = n %}{{ n }}"),
        ("brackets", "{{ " + String(repeating: "(", count: 9999) + "1" + String(repeating: ")", count: 9999) + " }}"),
        ("a long sum", "{{ 1" + String(repeating: "+1", count: 9999) + " }}"),
        ("a long path", "{{ x" + String(repeating: ".a", count: 9999) + " }}"),
        ("blocks", String(repeating: "{% if 1 %}", count: 9999)),
        ("signs", "{{ " + String(repeating: "-", count: 9999) + "1 }}"),
    ]

    @Test("ends with a sentence about the budget", arguments: hostile)
    func ends(_ name: String, _ source: String) throws {
        #expect {
            _ = try JinjaTemplate(source).render([], now: { JinjaDate(year: 2025, month: 1, day: 1) })
        } throws: { error in
            guard case JinjaError.budget = error else { return false }
            return true
        }
    }

    @Test(
        "no number is too large for the interpreter itself",
        arguments: [
            ("{{ 'ab'.center(-9223372036854775808) }}", "ab"), ("{{ 'abc'[::-9223372036854775808] }}", "c"),
            ("{{ 'abc'[9223372036854775807:] }}", ""), ("{{ [1, 2][-9223372036854775808:] }}", "[1, 2]"),
            ("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 // -2 }}", "-4 2 -4"),
            ("{{ 9223372036854775807 + 1 }}", "9223372036854775808"),
            ("{{ 'a b' | truncate(9223372036854775807) }}", "a b"),
            ("{{ [1, 2] | batch(9223372036854775807) | list }}", "[[1, 2]]"),
        ])
    func extremes(_ source: String, _ expected: String) throws {
        let rendering = try JinjaTemplate(source).render([], now: { JinjaDate(year: 2025, month: 1, day: 1) })
        #expect(rendering.text == expected)
    }

    @Test(
        "an integer beyond 128 bits is refused by name",
        arguments: ["{{ 2 ** 127 }}", "{{ 170141183460469231731687303715884105727 + 1 }}", "{{ 10 ** 30 * 10 ** 30 }}"])
    func overflow(_ source: String) throws {
        #expect {
            _ = try JinjaTemplate(source).render([], now: { JinjaDate(year: 2025, month: 1, day: 1) })
        } throws: { error in
            guard case JinjaError.overflow = error else { return false }
            return true
        }
    }
}
