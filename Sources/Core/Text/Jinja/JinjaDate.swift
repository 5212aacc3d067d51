/// A moment of the local calendar, for `strftime_now`.
package struct JinjaDate: Sendable, Equatable {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    let second: Int
    let microsecond: Int

    /// A moment; parts that no calendar has are brought to the nearest that it has.
    package init(
        year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, microsecond: Int = 0
    ) {
        self.year = min(max(year, 1), 9999)
        self.month = min(max(month, 1), 12)
        self.day = min(max(day, 1), 31)
        self.hour = min(max(hour, 0), 23)
        self.minute = min(max(minute, 0), 59)
        self.second = min(max(second, 0), 59)
        self.microsecond = min(max(microsecond, 0), 999_999)
    }

    private static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]

    /// The day of the year, from 1.
    private var dayOfYear: Int {
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return before[month - 1] + day + (isLeap && month > 2 ? 1 : 0)
    }

    /// The day of the week, 0 on Sundays.
    private var weekday: Int {
        let before = year - 1
        return (before + before / 4 - before / 100 + before / 400 + dayOfYear) % 7
    }

    /// The text that C's `strftime` writes in the C locale, with glibc's `-` flag.
    func formatted(_ format: JinjaText) throws(JinjaError) -> JinjaText {
        var out: [Unicode.Scalar] = []
        var iterator = format.scalars.makeIterator()
        while let scalar = iterator.next() {
            guard scalar == "%" else {
                out.append(scalar)
                continue
            }
            guard var letter = iterator.next() else { throw .value("strftime_now: the format ends with %") }
            let isBare = letter == "-"
            if isBare {
                guard let next = iterator.next() else { throw .value("strftime_now: the format ends with %-") }
                letter = next
            }
            out.append(try field(letter, isBare: isBare))
        }
        return JinjaText(out)
    }

    private func field(_ letter: Unicode.Scalar, isBare: Bool) throws(JinjaError) -> String {
        func padded(_ number: Int, _ width: Int = 2, _ filling: String = "0") -> String {
            let text = String(number)
            return isBare ? text : String(repeating: filling, count: max(0, width - text.utf8.count)) + text
        }
        let halfHour = hour % 12 == 0 ? 12 : hour % 12
        switch letter {
        case "Y": return String(year)
        case "y": return padded(year % 100)
        case "C": return padded(year / 100)
        case "m": return padded(month)
        case "d": return padded(day)
        case "e": return padded(day, 2, " ")
        case "H": return padded(hour)
        case "k": return padded(hour, 2, " ")
        case "I": return padded(halfHour)
        case "l": return padded(halfHour, 2, " ")
        case "M": return padded(minute)
        case "S": return padded(second)
        case "f": return padded(microsecond, 6)
        case "j": return padded(dayOfYear, 3)
        case "p": return hour < 12 ? "AM" : "PM"
        case "P": return hour < 12 ? "am" : "pm"
        case "a": return String(Self.weekdays[weekday].prefix(3))
        case "A": return Self.weekdays[weekday]
        case "b", "h": return String(Self.months[month - 1].prefix(3))
        case "B": return Self.months[month - 1]
        case "u": return String(weekday == 0 ? 7 : weekday)
        case "w": return String(weekday)
        case "U": return padded((dayOfYear + 6 - weekday) / 7)
        case "W": return padded((dayOfYear + 6 - (weekday + 6) % 7) / 7)
        case "n": return "\n"
        case "t": return "\t"
        case "%": return "%"
        case "z", "Z": return ""
        default: break
        }
        let composed: [Unicode.Scalar: JinjaText] = [
            "D": "%m/%d/%y", "x": "%m/%d/%y", "F": "%Y-%m-%d", "T": "%H:%M:%S", "X": "%H:%M:%S", "R": "%H:%M",
            "r": "%I:%M:%S %p", "c": "%a %b %e %H:%M:%S %Y",
        ]
        guard !isBare, let parts = composed[letter] else {
            throw .unsupported("strftime_now: the field %\(isBare ? "-" : "")\(letter)")
        }
        return try formatted(parts).string
    }
}
