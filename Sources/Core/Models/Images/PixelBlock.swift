public import CatenaEngine

extension StreamName {
    /// Images as they come, `[N, C · h · w]`: the input of an image model.
    package static let pixels = StreamName("pixels")
}

/// The first block of an image model: pixels as rows, normalised.
///
///     Y = (X - mean) / deviation      X [N, C · h · w], Y [N · h · w, C], mean and deviation of each channel
public final class PixelBlock: Block {
    private let images: ImageConfiguration
    private let scale, shift: Tensor

    init(_ images: ImageConfiguration, memory: TensorMemory) {
        self.images = images
        scale = memory.tensor(images.deviation.map { 1 / $0 }, rows: 1, columns: images.channels)
        shift = memory.tensor(
            zip(images.mean, images.deviation).map { -$0 / $1 }, rows: 1, columns: images.channels)
    }

    public var id: BlockID { .embedding }
    public var reads: [StreamName] { [.pixels] }
    public var linears: [Linear] { [] }
    public var normVectors: [LayerVector] { [] }
    public var isTrained: Bool { false }
    public var cost: BlockCost { BlockCost() }

    public func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        let rows = tape.pixelRows(streams[.pixels], channels: images.channels)
        let isNeutral = images.mean.allSatisfy { $0 == 0 } && images.deviation.allSatisfy { $0 == 1 }
        return Streams(hidden: isNeutral ? rows : tape.scaledAndShifted(rows, scale: scale, shift: shift))
    }
}

/// The last block of an image model: one row of features for each image.
public final class FeatureBlock: Block {
    /// How the pixels of an image become one row.
    enum Form {
        /// All of them, channel by channel.
        case flat
        /// Their mean.
        case mean
    }

    public let id: BlockID
    private let form: Form
    private let grid: ImageGrid
    /// Before that, where a family has it, with a rectifier behind.
    private let norm: BatchNorm?

    init(index: Int, _ form: Form, of grid: ImageGrid, norm: BatchNorm? = nil) {
        (id, self.form, self.grid, self.norm) = (.layer(index), form, grid, norm)
    }

    public var linears: [Linear] { [] }
    public var normVectors: [LayerVector] { norm?.vectors ?? [] }
    public var statistics: [RunningStatistics] { norm.map { [$0.statistics] } ?? [] }
    public var isTrained: Bool { norm?.isTrained ?? false }
    public var cost: BlockCost { BlockCost() }

    public func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        var x = streams[.hidden]
        if let norm { x = tape.activation(norm.forward(x, on: grid, tape), .relu) }
        switch form {
        case .flat: return Streams(hidden: tape.imageRows(x, on: grid))
        case .mean: return Streams(hidden: tape.pooled(x, .average, window: grid, on: grid))
        }
    }
}
