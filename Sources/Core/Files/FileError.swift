/// Why a file could not be read, understood or written.
///
/// Every case names the file; `description` adds what was expected, what came and what to do.
public enum FileError: Error, Equatable, Sendable {
    /// Nothing exists at `path`.
    case missing(path: String)
    /// The file exists but cannot be opened or mapped.
    case unreadable(path: String, reason: String)
    /// The file ends before `what`, which needs the bytes up to `neededBytes`.
    case truncated(path: String, what: String, neededBytes: Int, actualBytes: Int)
    /// The bytes at `byteOffset` break the file's format.
    case malformed(path: String, byteOffset: Int, reason: String)
    /// One tensor's description breaks the file's format.
    case malformedTensor(path: String, tensor: String, reason: String)
    /// Text that is not JSON; line and column count from 1.
    case invalidJSON(path: String, line: Int, column: Int, reason: String)
    /// A JSON object lacks a key that is needed; `keyPath` is like `rope_scaling.factor`.
    case missingKey(path: String, keyPath: String)
    /// A JSON value is of another kind or outside its range.
    case wrongValue(path: String, keyPath: String, expected: String, actual: String)
    /// No tensor of this name; `nearest` lists the most similar names that exist.
    case missingTensor(path: String, tensor: String, nearest: [String])
    /// A tensor is stored in an encoding that its use does not allow.
    case wrongEncoding(path: String, tensor: String, expected: String, actual: TensorEncoding)
    /// A tensor has another shape than its use requires.
    case wrongShape(path: String, tensor: String, expected: [Int], actual: [Int])
    /// A tensor holds NaN or infinity.
    case notFinite(path: String, tensor: String)
    /// The index in `path` names a shard that is not there.
    case missingShard(path: String, shard: String, tensorCount: Int)
    /// The file is not what it was when it was opened; `how` continues "the file".
    case changed(path: String, how: String)
    /// Nothing at `path` is a model that can be read.
    case notAModel(path: String, reason: String)
    /// The file cannot be created, written, synchronised or renamed.
    case unwritable(path: String, reason: String)
    /// The disk, the quota or the file size limit is exhausted.
    case diskFull(path: String, writtenBytes: Int, reason: String)
    /// The system accepted fewer bytes than given and reported no reason.
    case shortWrite(path: String, writtenBytes: Int, expectedBytes: Int)
}

extension FileError: CustomStringConvertible {
    /// Where, what was expected, what came and what to do.
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path) does not exist; check the path."
        case .unreadable(let path, let reason):
            "\(path) cannot be read: \(reason)."
        case .truncated(let path, let what, let neededBytes, let actualBytes):
            """
            \(path) is truncated: \(what) needs bytes up to \(neededBytes), \
            but the file has \(actualBytes); copy or download it again.
            """
        case .malformed(let path, let byteOffset, let reason):
            "\(path) is malformed at byte \(byteOffset): \(reason)."
        case .malformedTensor(let path, let tensor, let reason):
            "\(path) is malformed: tensor \"\(tensor)\" \(reason)."
        case .invalidJSON(let path, let line, let column, let reason):
            "\(path) is not valid JSON at line \(line), column \(column): \(reason)."
        case .missingKey(let path, let keyPath):
            "\(path) lacks the key \"\(keyPath)\", which is required."
        case .wrongValue(let path, let keyPath, let expected, let actual):
            "\(path): \"\(keyPath)\" must be \(expected), but is \(actual)."
        case .missingTensor(let path, let tensor, let nearest):
            "\(path) has no tensor \"\(tensor)\"" + nearestClause(nearest)
        case .wrongEncoding(let path, let tensor, let expected, let actual):
            "\(path): tensor \"\(tensor)\" must be \(expected), but is stored as \(actual.rawValue)."
        case .wrongShape(let path, let tensor, let expected, let actual):
            "\(path): tensor \"\(tensor)\" must have shape \(expected), but has \(actual)."
        case .notFinite(let path, let tensor):
            "\(path): tensor \"\(tensor)\" holds NaN or infinity; the file is damaged or its training diverged: use another."
        case .missingShard(let path, let shard, let tensorCount):
            """
            \(path) places \(tensorCount) tensors in the shard "\(shard)", \
            which is not beside it; download that file too.
            """
        case .changed(let path, let how):
            "\(path) \(how); what was read of it is of no known state, so start again and leave it alone meanwhile."
        case .notAModel(let path, let reason):
            "\(path) is not a model that can be read: \(reason)."
        case .unwritable(let path, let reason):
            "\(path) cannot be written: \(reason)."
        case .diskFull(let path, let writtenBytes, let reason):
            """
            \(path) cannot be written: \(reason) after \(writtenBytes) bytes; \
            free some space and try again. An earlier file of that name is unchanged.
            """
        case .shortWrite(let path, let writtenBytes, let expectedBytes):
            """
            \(path) cannot be written: the system took \(writtenBytes) of \
            \(expectedBytes) bytes. An earlier file of that name is unchanged.
            """
        }
    }

    private func nearestClause(_ nearest: [String]) -> String {
        if nearest.isEmpty { return "." }
        return "; the nearest names are " + nearest.map { "\"\($0)\"" }.joined(separator: ", ") + "."
    }
}
