import CatenaEngine

extension ModelFamily {
    /// Residual networks for small images with norms and rectifiers *before* the convolutions, and a 1 x 1 convolution as the shortcut
    /// where a block changes the size; a norm and a rectifier before the mean. Keys as for `resnet`.
    ///
    ///     h ← s(h) + W₂ * relu(bn(W₁ * relu(bn(h))))      s: h, or S * h where the size changes
    ///
    /// - Source: He et al. 2016, *Identity Mappings in Deep Residual Networks*, arXiv:1603.05027.
    static let preResNet = ModelFamily.residual("preresnet", makes: PreActivationBlock.self) { weights, images in
        try BatchNorm(
            path: "bn", width: images.widths[images.widths.count - 1], images: images, weights: weights)
    }
}

/// A residual block with norms before the convolutions.
final class PreActivationBlock: ResidualBlock {
    static let stemHasNorm = false
    let id: BlockID
    private let place: ResidualPlace
    private let first, second: Convolution
    private let firstNorm, secondNorm: BatchNorm
    private let shortcut: Convolution?

    init(_ place: ResidualPlace, _ images: ImageConfiguration, weights: any WeightStore) throws {
        (id, self.place) = (.layer(place.index), place)
        let path = place.path
        firstNorm = try BatchNorm(path: path + ".bn1", width: place.input, images: images, weights: weights)
        first = try Convolution(path: path + ".conv1", shape: place.first, bias: false, weights: weights)
        secondNorm = try BatchNorm(path: path + ".bn2", width: place.output, images: images, weights: weights)
        second = try Convolution(path: path + ".conv2", shape: place.second, bias: false, weights: weights)
        shortcut =
            place.changesShape
            ? try Convolution(
                path: path + ".downsample.0",
                shape: ConvolutionShape(
                    inChannels: place.input, outChannels: place.output, kernel: 1, stride: place.stride),
                bias: false, weights: weights) : nil
    }

    var linears: [Linear] { [] }
    var normVectors: [LayerVector] { firstNorm.vectors + secondNorm.vectors }
    var convolutions: [Convolution] { [first, second] + (shortcut.map { [$0] } ?? []) }
    var statistics: [RunningStatistics] { [firstNorm.statistics, secondNorm.statistics] }
    var isTrained: Bool {
        convolutions.contains(where: \.isTrained) || normVectors.contains(where: \.isTrained)
    }
    var cost: BlockCost { BlockCost() }

    func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        let (x, grid, inner) = (streams[.hidden], place.grid, place.outputGrid)
        let carried = shortcut?.forward(x, on: grid, tape) ?? x
        let outer = tape.activation(firstNorm.forward(x, on: grid, tape), .relu)
        let middle = tape.activation(secondNorm.forward(first.forward(outer, on: grid, tape), on: inner, tape), .relu)
        return Streams(hidden: tape.residual(carried, second.forward(middle, on: inner, tape)))
    }
}
