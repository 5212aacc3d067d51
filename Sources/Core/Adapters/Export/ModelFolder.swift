import CatenaFiles
import Foundation

/// The files that belong to a model's folder.
enum ModelFolder {
    /// Checks that what lies at `folder/name` is the model's own: a file in the folder, or what a link in it leads to inside it or
    /// in a Hugging Face cache (`models--…/blobs`, where downloads lie). Any other link could bring a file into a model that is
    /// passed on.
    ///
    /// - Throws: ``FileError/unreadable(path:reason:)``.
    static func requireOwn(_ name: String, in folder: String) throws(FileError) {
        let path = folder + "/" + name
        guard let base = realPath(folder), let target = realPath(path) else { throw .missing(path: path) }
        let components = target.split(separator: "/")
        let isInCache =
            components.count >= 3 && components[components.count - 2] == "blobs"
            && components[components.count - 3].hasPrefix("models--")
        guard target.hasPrefix(base == "/" ? "/" : base + "/") || isInCache else {
            throw .unreadable(
                path: path, reason: "it is a link to \(target), outside the model's folder; put the file itself there")
        }
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
