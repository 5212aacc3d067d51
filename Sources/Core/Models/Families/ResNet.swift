import CatenaEngine

extension ModelFamily {
    /// Residual networks for small images as the paper has them for CIFAR: a convolution, stages of residual blocks of two
    /// convolutions each, the second and later stages at half the size, the mean of all pixels, and a linear classifier without bias.
    /// `widths` (16, 32, 64) and `blocks` of a stage (5: 32 layers).
    ///
    ///     h ← relu(s(h) + bn(W₂ * relu(bn(W₁ * h))))      s: h, or every second pixel with channels of 0 behind (option A)
    ///
    /// - Source: He et al. 2016, *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, 4.2.
    static let resNet = ModelFamily.residual("resnet", makes: PostActivationBlock.self) { _, _ in nil }
}

extension ModelFamily {
    /// A family of residual networks whose blocks are of the kind `kind`; `lastNorm` is what precedes the mean.
    static func residual(
        _ name: String, makes kind: any ResidualBlock.Type,
        lastNorm: @escaping @Sendable (any WeightStore, ImageConfiguration) throws -> BatchNorm?
    ) -> ModelFamily {
        ModelFamily(
            images: name, classifier: "fc", hasBias: false,
            blocks: { configuration, weights, engine in
                guard let images = configuration.images else { return [] }
                var grid = images.grid
                var blocks: [any Block] = [
                    PixelBlock(images, memory: engine.memory),
                    try ResidualStem(images, hasNorm: kind.stemHasNorm, weights: weights),
                ]
                var input = images.widths[0]
                for (stage, width) in images.widths.enumerated() {
                    for number in 0..<images.blocksPerStage {
                        let place = ResidualPlace(
                            index: blocks.count - 1, path: "layer\(stage + 1).\(number)", input: input, output: width,
                            stride: stage > 0 && number == 0 ? 2 : 1, grid: grid)
                        blocks.append(try kind.init(place, images, weights: weights))
                        (input, grid) = (width, place.outputGrid)
                    }
                }
                return blocks + [
                    FeatureBlock(index: blocks.count - 1, .mean, of: grid, norm: try lastNorm(weights, images))
                ]
            }
        ) { source in
            let widths = try source.wholeNumbers("widths", 1...ModelLimit.imageWidth)
            guard zip(widths, widths.dropFirst()).allSatisfy({ $0 <= $1 }) else {
                throw source.invalid("widths is \(widths), expected numbers that do not fall")
            }
            var images = try source.imageConfiguration(widths: widths)
            images.blocksPerStage = try source.bounded("blocks", 1...ModelLimit.imageBlocks)
            return ModelConfiguration(
                images, family: name, blocks: 2 + widths.count * images.blocksPerStage,
                features: widths[widths.count - 1])
        }
    }
}

/// Where in a network a residual block is.
struct ResidualPlace {
    let index: Int
    let path: String
    let input, output, stride: Int
    let grid: ImageGrid

    /// The convolutions of a block.
    var first: ConvolutionShape {
        ConvolutionShape(inChannels: input, outChannels: output, kernel: 3, stride: stride, padding: 1)
    }
    var second: ConvolutionShape {
        ConvolutionShape(inChannels: output, outChannels: output, kernel: 3, padding: 1)
    }
    var outputGrid: ImageGrid { first.output(of: grid) ?? grid }
    /// Whether a block changes the size or the channels.
    var changesShape: Bool { stride != 1 || input != output }
}

/// A block of a residual network.
protocol ResidualBlock: Block, SendableMetatype {
    /// Whether the first convolution of the network is normalised.
    static var stemHasNorm: Bool { get }
    init(_ place: ResidualPlace, _ images: ImageConfiguration, weights: any WeightStore) throws
}

/// The first convolution of a residual network, normalised and rectified where the blocks do so behind their convolutions.
final class ResidualStem: Block {
    let id = BlockID.layer(0)
    private let grid: ImageGrid
    private let convolution: Convolution
    private let norm: BatchNorm?

    init(_ images: ImageConfiguration, hasNorm: Bool, weights: any WeightStore) throws {
        grid = images.grid
        let shape = ConvolutionShape(
            inChannels: images.channels, outChannels: images.widths[0], kernel: 3, padding: 1)
        convolution = try Convolution(path: "conv1", shape: shape, bias: false, weights: weights)
        norm = hasNorm ? try BatchNorm(path: "bn1", width: shape.outChannels, images: images, weights: weights) : nil
    }

    var linears: [Linear] { [] }
    var normVectors: [LayerVector] { norm?.vectors ?? [] }
    var convolutions: [Convolution] { [convolution] }
    var statistics: [RunningStatistics] { norm.map { [$0.statistics] } ?? [] }
    var isTrained: Bool { convolution.isTrained || norm?.isTrained == true }
    var cost: BlockCost { BlockCost() }

    func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        let maps = convolution.forward(streams[.hidden], on: grid, tape)
        guard let norm else { return Streams(hidden: maps) }
        return Streams(hidden: tape.activation(norm.forward(maps, on: grid, tape), .relu))
    }
}

/// A residual block with norms behind the convolutions and a shortcut without parameters.
final class PostActivationBlock: ResidualBlock {
    static let stemHasNorm = true
    let id: BlockID
    private let place: ResidualPlace
    private let first, second: Convolution
    private let firstNorm, secondNorm: BatchNorm

    init(_ place: ResidualPlace, _ images: ImageConfiguration, weights: any WeightStore) throws {
        (id, self.place) = (.layer(place.index), place)
        let path = place.path
        func norm(_ name: String) throws -> BatchNorm {
            try BatchNorm(path: "\(path).\(name)", width: place.output, images: images, weights: weights)
        }
        first = try Convolution(path: path + ".conv1", shape: place.first, bias: false, weights: weights)
        firstNorm = try norm("bn1")
        second = try Convolution(path: path + ".conv2", shape: place.second, bias: false, weights: weights)
        secondNorm = try norm("bn2")
    }

    var linears: [Linear] { [] }
    var normVectors: [LayerVector] { firstNorm.vectors + secondNorm.vectors }
    var convolutions: [Convolution] { [first, second] }
    var statistics: [RunningStatistics] { [firstNorm.statistics, secondNorm.statistics] }
    var isTrained: Bool { first.isTrained || second.isTrained || normVectors.contains(where: \.isTrained) }
    var cost: BlockCost { BlockCost() }

    func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        let (x, grid, inner) = (streams[.hidden], place.grid, place.outputGrid)
        let shortcut =
            place.changesShape ? tape.subsampled(x, stride: place.stride, channels: place.output, on: grid) : x
        let middle = tape.activation(firstNorm.forward(first.forward(x, on: grid, tape), on: inner, tape), .relu)
        let maps = secondNorm.forward(second.forward(middle, on: inner, tape), on: inner, tape)
        return Streams(hidden: tape.activation(tape.residual(shortcut, maps), .relu))
    }
}
