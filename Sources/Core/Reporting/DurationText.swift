/// Durations as people read them on a progress line.
package enum DurationText {
    /// `0:07`, `12:05`, `3:07:00`, `2d 04:30`; `?` when the time is not known.
    package static func clock(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
        let total = Int(seconds.rounded())
        let (days, hours, minutes) = (total / 86_400, total / 3600 % 24, total / 60 % 60)
        if days > 0 { return "\(days)d \(twoDigits(hours)):\(twoDigits(minutes))" }
        if hours > 0 { return "\(hours):\(twoDigits(minutes)):\(twoDigits(total % 60))" }
        return "\(minutes):\(twoDigits(total % 60))"
    }

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
