/// Height and width of images whose pixels are rows, line by line.
public struct ImageGrid: Equatable, Sendable {
    /// Lines.
    public let height: Int
    /// Pixels of a line.
    public let width: Int

    /// A grid of `height` lines.
    public init(height: Int, width: Int) {
        (self.height, self.width) = (height, width)
    }

    /// Pixels of an image.
    public var area: Int { height * width }
}

/// What a convolution does to the size and the channels of images.
public struct ConvolutionShape: Equatable, Sendable {
    /// C.
    public let inChannels: Int
    /// O.
    public let outChannels: Int
    /// k: a window has k x k pixels.
    public let kernel: Int
    /// Pixels from one window to the next.
    public let stride: Int
    /// Pixels of 0 around the image.
    public let padding: Int

    /// A convolution with square windows.
    public init(inChannels: Int, outChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0) {
        precondition(
            inChannels > 0 && outChannels > 0 && kernel > 0 && stride > 0 && padding >= 0, "a convolution's shape")
        (self.inChannels, self.outChannels, self.kernel) = (inChannels, outChannels, kernel)
        (self.stride, self.padding) = (stride, padding)
    }

    /// Numbers of one window.
    package var windowSize: Int { kernel * kernel * inChannels }

    /// The size of what it makes of images of `grid`, `⌊(n + 2 p - k) / s⌋ + 1`; nil where no window fits.
    package func output(of grid: ImageGrid) -> ImageGrid? {
        func windows(_ extent: Int) -> Int { (extent + 2 * padding - kernel) / stride + 1 }
        guard min(grid.height, grid.width) + 2 * padding >= kernel else { return nil }
        return ImageGrid(height: windows(grid.height), width: windows(grid.width))
    }
}
