import CatenaFiles

/// The files of the base and of the data, which are mapped and read while the run goes on.
struct FilesInUse {
    private let files: [MappedFile]

    init(_ base: RunModel, _ data: RunData) { files = base.placed.mappedFiles + data.mappedFiles }

    /// Checks that they are what they were when the run opened them.
    ///
    /// - Throws: ``FileError/changed(path:how:)`` for the first that is not.
    func requireUnchanged() throws(FileError) {
        for file in files { try file.requireUnchanged() }
    }
}
