import Glibc

/// The system's text for an `errno` value, such as `No space left on device`.
package func systemErrorText(_ code: CInt) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
