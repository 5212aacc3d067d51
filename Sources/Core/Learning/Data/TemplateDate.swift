import Foundation

/// The day that a template's `strftime_now` tells.
///
/// It is a setting and not the clock's: the same data and settings give the same tokens on every process, in every resumed run and on
/// any later day.
public struct TemplateDate: Sendable, Equatable, CustomStringConvertible {
    /// Of the Gregorian calendar.
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int

    /// What data are prepared with unless another day is given: the day that Llama 3.1's own template writes where there is no clock.
    package static let standard = TemplateDate(year: 2024, month: 7, day: 26)

    private init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// A day as `YYYY-MM-DD`; nil for anything else and for days that no month has.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], text.utf8.allSatisfy({ $0 == 0x2D || (0x30...0x39).contains($0) }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year > 0,
            (1...12).contains(month)
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...days[month - 1]).contains(day) else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// This machine's day.
    package static func today() -> TemplateDate {
        let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day], from: Date())
        guard let year = parts.year, let month = parts.month, let day = parts.day else { return .standard }
        return TemplateDate(year: year, month: month, day: day)
    }

    /// `YYYY-MM-DD`.
    public var description: String {
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(count - text.count, 0)) + text
        }
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
    }
}
