package import Glibc

/// Folders that are there after a power cut, and that lie where their path says.
package enum DurableFolder {
    /// Makes the folder and those above it that are missing; the folder above each new one is synchronised.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    package static func create(_ path: String) throws(FileError) {
        var missing: [String] = []
        try walkUp(from: path) { missing.append($0) }
        for folder in missing.reversed() {
            guard unsafe mkdir(folder, 0o777) == 0 else {
                // Another process may have made it in the same moment.
                let code = errno
                guard code == EEXIST, isFolder(folder) else {
                    throw .unwritable(path: path, reason: "\(folder): \(systemErrorText(code))")
                }
                continue
            }
            try synchronise(FilePath.split(folder).folder)
        }
    }

    /// Checks that the folder is there or can be made, and can be written, without making it.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    package static func requireCreatable(_ path: String) throws(FileError) {
        let existing = try walkUp(from: path) { _ in }
        guard unsafe access(existing, W_OK | X_OK) == 0 else {
            throw .unwritable(path: path, reason: "\(existing): \(systemErrorText(errno))")
        }
    }

    /// Checks that none of `names` in the folder is a link, behind which a write would change something elsewhere.
    ///
    /// - Throws: ``FileError/unwritable(path:reason:)``.
    package static func requireNoLinks(_ names: [String], in folder: String) throws(FileError) {
        for path in names.map({ folder + "/" + $0 }) where kind(path) == S_IFLNK {
            throw .unwritable(path: path, reason: "it is a link, and nothing is written through links; remove it")
        }
    }

    /// Makes the creations, renames and removals in a folder durable.
    package static func synchronise(_ folder: String) throws(FileError) {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unwritable(path: folder, reason: systemErrorText(errno)) }
        defer { close(descriptor) }
        // Some network file systems cannot synchronise a folder and say EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw .unwritable(path: folder, reason: systemErrorText(errno))
        }
    }

    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The kind of what lies at `path` itself, a link's being the link; nil if nothing does.
    package static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return unsafe lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    /// Goes up, by the text of the path, to the first folder that is there, and hands the missing ones to `missing`.
    ///
    /// A step up out of a folder that is missing (`new/../x`) is refused: where it leads is known only when that folder is there.
    @discardableResult
    private static func walkUp(from path: String, missing: (String) -> Void) throws(FileError) -> String {
        guard !path.isEmpty else { throw .unwritable(path: path, reason: "the path is empty") }
        var current = path
        while true {
            if isFolder(current) { return current }
            let code = errno
            let (folder, name) = FilePath.split(current)
            switch kind(current) {
            case S_IFLNK?: throw .unwritable(path: path, reason: "\(current) is a link to no folder")
            case .some: throw .unwritable(path: path, reason: "\(current) is not a folder")
            case nil: break
            }
            guard code == ENOENT || code == ENOTDIR, folder != current else {
                throw .unwritable(path: path, reason: "\(current): \(systemErrorText(code))")
            }
            guard name != "..", name != "." || isFolder(folder) else {
                throw .unwritable(
                    path: path,
                    reason: "\(current) leads through \(folder), which does not exist; write the path without \(name)")
            }
            missing(current)
            current = folder
        }
    }
}
