public import CatenaEngine
public import CatenaFiles
import Glibc
import Synchronization

/// A model's files with what they say about it, and which of their tensors have been asked for.
///
/// What the files hold decides where the configuration alone does not: whether the head is tied, and whether all layers are
/// there. A run opens them once; nothing is computed with until a ``WeightStore`` places the weights.
public final class ModelFiles {
    /// What was opened.
    public let path: String
    /// The opened files.
    public let files: WeightFiles
    let family: ModelFamily
    /// Shape and options, as the files bear them out.
    public let configuration: ModelConfiguration
    /// What differs from the configuration, and what is not in the files, a sentence each.
    private let differences: [String]
    /// The tensors of the model, by their names in the files.
    private(set) var read: [String: StoredTensor] = [:]

    /// How its tensors are called.
    let names: TensorNames
    /// Tensors of the files in whose place the model has others.
    private let replaced: Set<String>

    /// Opens the model at `path`: a Hugging Face folder or a `.gguf` file.
    ///
    /// - Throws: ``ModelError`` or ``FileError`` that names the file and what is wrong in it.
    public convenience init(modelAt path: String, for purpose: ModelPurpose = ModelPurpose()) throws {
        let files = try WeightFiles.open(path)
        try self.init(files, ModelDescription(modelAt: path, files: files), path: path, for: purpose)
    }

    package init(
        _ files: WeightFiles, _ description: ModelDescription, path: String, for purpose: ModelPurpose = ModelPurpose()
    ) throws {
        let family = try ModelFamily.of(description)
        let opened = try family.configuration(of: description, for: purpose, files: files)
        var (configuration, notes) = (opened.configuration, opened.notes)
        let names = TensorNames(configuration, isGGUF: files.gguf != nil)
        try configuration.requireAllLayers(of: files, path: description.path)
        if configuration.tiesEmbeddings, configuration.sequenceHead == nil, files.gguf == nil,
            try Self.hasOwnHead(files, names)
        {
            configuration.tiesEmbeddings = false
            notes.append(
                "\(files.path): tie_word_embeddings is true, but lm_head.weight differs from the embedding's matrix; both are "
                    + "used as they are")
        }
        try family.requireNoOtherTensors(in: files, configuration)
        (self.files, self.family, self.configuration, self.names) = (files, family, configuration, names)
        (self.path, differences, replaced) = (path, notes, opened.replaced)
    }

    /// The tensor `name`, which belongs to the model.
    func tensor(_ name: String) throws(FileError) -> StoredTensor {
        let tensor = try files.tensor(name)
        read[name] = tensor
        return tensor
    }

    /// Tells a model that was built from these files where it is from.
    public func describe(_ model: LanguageModel) {
        (model.files, model.notes) = (files, notes)
    }

    /// What the user should know, a sentence each, when the model has been built.
    package var notes: [String] {
        let unread = (Array(files.tensors.keys) + files.unreadable.keys)
            .filter { read[$0] == nil && !names.isNeedless($0) && !replaced.contains($0) }.sorted()
        guard !unread.isEmpty else { return differences }
        let shown = unread.prefix(3).joined(separator: ", ") + (unread.count > 3 ? ", …" : "")
        let count = unread.count == 1 ? "a tensor" : "\(unread.count) tensors"
        return differences + [
            "\(files.path) holds \(count) that \(family.name) models do not have and that nothing reads: \(shown)"
        ]
    }

    /// Whether there is a head whose numbers are not those of the embedding.
    private static func hasOwnHead(_ files: WeightFiles, _ names: TensorNames) throws -> Bool {
        if files.unreadable["lm_head.weight"] != nil { return true }
        guard let head = files.tensors["lm_head.weight"] else { return false }
        guard let table = names.inFiles(names.embedding, files).flatMap({ files.tensors[$0] }) else {
            return false
        }
        guard head.shape == table.shape else { return true }
        if head.encoding == table.encoding, let x = unsafe head.bytes.baseAddress,
            let y = unsafe table.bytes.baseAddress
        {
            return unsafe memcmp(x, y, head.byteCount) != 0
        }
        for row in 0..<head.rowCount {
            var (x, y) = ([Float](repeating: 0, count: head.rowLength), [Float](repeating: 0, count: head.rowLength))
            unsafe try head.decodeRows(row..<row + 1, into: &x)
            unsafe try table.decodeRows(row..<row + 1, into: &y)
            if x != y { return true }
        }
        return false
    }
}

extension ModelConfiguration {
    /// Checks that `files` hold no layer that the configuration leaves out.
    ///
    /// - Parameter path: the file that says how many layers there are.
    /// - Throws: ``ModelError/invalidConfiguration(path:reason:)``.
    func requireAllLayers(of files: WeightFiles, path: String) throws(ModelError) {
        let layers = TensorNames(self, isGGUF: files.gguf != nil).layerCount(files.tensors.keys.sorted())
        guard layers.count <= layerCount else {
            throw .invalidConfiguration(
                path: path,
                reason: "the number of layers is \(layerCount), but the files hold more: \(layers.last)")
        }
    }
}

extension ModelFiles {
    /// Checks that all numbers of the model are finite.
    ///
    /// - Parameters:
    ///   - part: which part of each tensor, of `count` parts, so that several processes can share the work.
    /// It reads what training and evaluating read anyway, at the speed of memory.
    ///
    /// - Throws: ``FileError/notFinite(path:tensor:)``.
    public func requireFinite(part: Int = 0, of count: Int = 1, engine: Engine) throws(FileError) {
        for tensor in read.values.sorted(by: { $0.name < $1.name }) where !tensor.encoding.isInteger {
            let rows = tensor.rowCount
            let share = part * rows / count..<(part + 1) * rows / count
            if tensor.hasNonFinite(share, threads: engine.threads, memory: engine.memory) {
                throw .notFinite(path: tensor.file.path, tensor: tensor.name)
            }
        }
    }
}

extension StoredTensor {
    /// Whether one of the numbers in `rows` is NaN or infinite.
    package func hasNonFinite(_ rows: Range<Int>, threads: ThreadPool, memory: TensorMemory) -> Bool {
        guard !rows.isEmpty, rowLength > 0, let image = unsafe bytes.baseAddress else { return false }
        if let floats = unsafe mappedFloats {
            return unsafe Kernels.hasNonFinite(
                threads, x: floats + rows.lowerBound * rowLength, count: rows.count * rowLength)
        }
        if !encoding.scaleOffsets.isEmpty { return unsafe hasNonFiniteScale(rows, of: image, threads: threads) }
        let step = min(max((1 << 20) / rowLength, 1), rows.count)
        let buffer = memory.tensor(rows: step, columns: rowLength)
        for start in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
            let end = min(start + step, rows.upperBound)
            threads.runRows(end - start, minimumPerTask: 16) { part in
                unsafe decodeRows(
                    start + part.lowerBound..<start + part.upperBound, from: image,
                    into: buffer.pointer + part.lowerBound * rowLength)
            }
            if unsafe Kernels.hasNonFinite(threads, x: buffer.pointer, count: (end - start) * rowLength) { return true }
        }
        return false
    }

    /// Whether one of the scales of the blocks in `rows` of `image` is NaN or infinite.
    private func hasNonFiniteScale(_ rows: Range<Int>, of image: UnsafeRawPointer, threads: ThreadPool) -> Bool {
        let (blockBytes, offsets) = (encoding.blockBytes, encoding.scaleOffsets)
        let rowBlocks = rowLength / encoding.blockElements
        let found = Atomic(false)
        threads.runRows(rows.count * rowBlocks, minimumPerTask: 1 << 14) { blocks in
            var isFinite = true
            for block in blocks {
                let start = unsafe image + (rows.lowerBound * rowBlocks + block) * blockBytes
                for offset in offsets {
                    let bits = unsafe UInt16(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
                    // All exponent bits of a float16 are set in NaN and the infinities alone.
                    isFinite = isFinite && bits & 0x7C00 != 0x7C00
                }
            }
            if !isFinite { found.store(true, ordering: .relaxed) }
        }
        return found.load(ordering: .relaxed)
    }
}
