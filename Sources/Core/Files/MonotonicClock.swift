import Glibc

/// A clock that never goes back.
public enum MonotonicClock {
    /// Seconds since some moment in the past.
    public static func seconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
