import CatenaEngine

extension ModelFamily {
    /// ConvNets of the papers on dataset distillation: stages of convolution 3 x 3, instance normalisation, rectifier and pooling
    /// 2 x 2, and a linear classifier of all that is left. `width` and `depth` (128 and 3 there), `pooling` average or max.
    ///
    ///     h ← pool(relu(instanceNorm(W * h + b)))      depth times;      z = C flat(h) + c
    ///
    /// Images of 28 x 28 pixels have 3 pixels of 0 around them at the first convolution, which makes them 32 x 32, others 1;
    /// `first_padding` says otherwise.
    ///
    /// - Source: Gidaris and Komodakis 2018, arXiv:1804.09458; Cazenavette et al. 2022, *Dataset Distillation by Matching Training
    ///   Trajectories*, arXiv:2203.11932.
    static let convNet = ModelFamily(
        images: "convnet", classifier: "classifier", hasBias: true,
        blocks: { configuration, weights, engine in
            guard let images = configuration.images else { return [] }
            var blocks: [any Block] = [PixelBlock(images, memory: engine.memory)]
            for (index, grids) in convNetGrids(images).enumerated() {
                blocks.append(try ConvNetStage(index: index, of: grids.input, images, weights: weights))
            }
            let last = convNetGrids(images).last?.output ?? images.grid
            return blocks + [FeatureBlock(index: images.widths.count, .flat, of: last)]
        }
    ) { source in
        let depth = try source.bounded("depth", 1...ModelLimit.imageStages, default: 3)
        let width = try source.bounded("width", 1...ModelLimit.imageWidth, default: 128)
        var images = try source.imageConfiguration(widths: Array(repeating: width, count: depth))
        images.firstPadding = images.grid == ImageGrid(height: 28, width: 28) ? 3 : 1
        if let padding = try source.integer("first_padding") {
            guard padding <= 16 else {
                throw source.invalid("first_padding is \(padding), expected a number in 1...16")
            }
            images.firstPadding = padding
        }
        if let pooling = try source.text("pooling") {
            guard let known = ImagePooling(rawValue: pooling) else {
                throw ModelError.unsupportedFeature(
                    path: source.path, feature: "pooling", found: pooling,
                    supported: ImagePooling.allCases.map(\.rawValue).joined(separator: " or "))
            }
            images.pooling = known
        }
        let grids = convNetGrids(images)
        guard grids.count == depth, let last = grids.last?.output else {
            throw source.invalid(
                "images of \(images.description) are too small for \(depth) stages, each of which halves them")
        }
        return ModelConfiguration(images, family: "convnet", blocks: depth + 1, features: width * last.area)
    }
}

/// The size of the images that enter each stage and leave it, as far as there is something left.
private func convNetGrids(_ images: ImageConfiguration) -> [(input: ImageGrid, output: ImageGrid)] {
    var (grids, grid): ([(input: ImageGrid, output: ImageGrid)], ImageGrid) = ([], images.grid)
    for index in images.widths.indices {
        let shape = ConvNetStage.shape(images, index: index)
        guard let inner = shape.output(of: grid), min(inner.height, inner.width) >= 2 else { break }
        let output = ImageGrid(height: inner.height / 2, width: inner.width / 2)
        grids.append((grid, output))
        grid = output
    }
    return grids
}

/// One stage of a ConvNet.
///
///     pool(relu(instanceNorm(W * h + b)))
final class ConvNetStage: Block {
    let id: BlockID
    private let grid, inner: ImageGrid
    private let pooling: ImagePooling
    private let convolution: Convolution
    private let norm: InstanceNorm

    init(index: Int, of grid: ImageGrid, _ images: ImageConfiguration, weights: any WeightStore) throws {
        let shape = Self.shape(images, index: index)
        (id, self.grid, inner) = (.layer(index), grid, shape.output(of: grid) ?? grid)
        pooling = images.pooling
        // Rectifier and pooling have numbers of their own in the files' sequence.
        convolution = try Convolution(path: "features.\(4 * index)", shape: shape, bias: true, weights: weights)
        norm = try InstanceNorm(
            path: "features.\(4 * index + 1)", width: shape.outChannels, epsilon: images.normEpsilon, weights: weights)
    }

    static func shape(_ images: ImageConfiguration, index: Int) -> ConvolutionShape {
        ConvolutionShape(
            inChannels: index == 0 ? images.channels : images.widths[index - 1], outChannels: images.widths[index],
            kernel: 3, padding: index == 0 ? images.firstPadding : 1)
    }

    var linears: [Linear] { [] }
    var normVectors: [LayerVector] { norm.vectors }
    var convolutions: [Convolution] { [convolution] }
    var isTrained: Bool { convolution.isTrained || normVectors.contains(where: \.isTrained) }
    var cost: BlockCost { BlockCost() }

    func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        let maps = norm.forward(convolution.forward(streams[.hidden], on: grid, tape), on: inner, tape)
        let window = ImageGrid(height: 2, width: 2)
        return Streams(hidden: tape.pooled(tape.activation(maps, .relu), pooling, window: window, on: inner))
    }
}
