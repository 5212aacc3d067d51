public import CatenaEngine

/// Shape and options of an image model, as its family's file reads them from `config.json`.
public struct ImageConfiguration: Sendable, Equatable {
    /// Channels of an image: 1 for grey, 3 for colours.
    public var channels: Int
    /// Height and width of an image.
    public var grid: ImageGrid
    /// Channels of each stage.
    public var widths: [Int]
    /// Residual blocks of a stage.
    public var blocksPerStage = 1
    /// Pixels of 0 around the image at the first convolution.
    public var firstPadding = 1
    /// What follows each stage of a ConvNet.
    public var pooling = ImagePooling.average
    /// Subtracted from each channel of the pixels.
    public var mean: [Float]
    /// What each channel is divided by then.
    public var deviation: [Float]
    /// ε of the norms.
    public var normEpsilon: Float = 1e-5
    /// Images of which batch normalisation takes its statistics in training: that many neighbours in the global batch.
    public var normImages = 32

    /// A model of images of `grid`; `mean` and `deviation` have a number for each channel.
    package init(channels: Int, grid: ImageGrid, widths: [Int], mean: [Float], deviation: [Float]) {
        (self.channels, self.grid, self.widths) = (channels, grid, widths)
        (self.mean, self.deviation) = (mean, deviation)
    }

    /// Numbers of an image.
    public var pixelCount: Int { channels * grid.area }

    /// What an image is, for people.
    public var description: String { Self.description(channels: channels, grid: grid) }

    /// `28 x 28 pixels with 1 channel`.
    package static func description(channels: Int, grid: ImageGrid) -> String {
        "\(grid.height) x \(grid.width) pixels with \(channels) channel\(channels == 1 ? "" : "s")"
    }
}

extension ModelConfiguration {
    /// The configuration of an image model whose head sees `features` numbers of each image.
    init(_ images: ImageConfiguration, family: String, blocks: Int, features: Int) {
        self.init(
            family: family, vocabularySize: 1, hiddenSize: features, intermediateSize: 1, layerCount: blocks,
            attentionHeads: 1, keyValueHeads: 1, headDimension: 2, maximumPositions: ModelLimit.positions,
            normEpsilon: images.normEpsilon, rotaryBase: 1, tiesEmbeddings: false)
        self.images = images
        names.finalNorm = nil
    }
}
