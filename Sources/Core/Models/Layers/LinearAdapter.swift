public import CatenaEngine

/// A trainable change to one frozen linear layer.
public protocol LinearAdapter: AnyObject {
    /// Output of the adapted layer, `[N, inFeatures]` to `[N, outFeatures]`.
    func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable
    /// The matrix with the adapter folded in, same shape as `weight`.
    func merged(into weight: Tensor, engine: Engine) -> Tensor
    /// The layer's bias with the adapter folded in; by default as it is.
    func merged(intoBias bias: Tensor, engine: Engine) -> Tensor
    /// The exact form as a plain LoRA, or nil where there is none.
    func folded(engine: Engine) -> FoldedLoRA?
    /// The same for files: without the ranks that the method has switched off, of which none may be left.
    func foldedForFiles(engine: Engine) -> FoldedLoRA?
    /// What it takes beside parameters and buffers; by default one activation of `rank` columns.
    func memory(rank: Int, of layer: Linear) -> AdapterMemory
}

extension LinearAdapter {
    public func foldedForFiles(engine: Engine) -> FoldedLoRA? { folded(engine: engine) }
}

extension LinearAdapter {
    public func memory(rank: Int, of layer: Linear) -> AdapterMemory { AdapterMemory(keptColumns: rank) }
}

extension LinearAdapter {
    public func merged(intoBias bias: Tensor, engine: Engine) -> Tensor { bias }
}

/// A change ΔW = scaling · B A as matrices.
public struct FoldedLoRA {
    /// A, `[rank, inFeatures]`.
    public let a: Tensor
    /// B, `[outFeatures, rank]`.
    public let b: Tensor
    /// Factor on B A.
    public let scaling: Double

    /// A change from its factors.
    public init(a: Tensor, b: Tensor, scaling: Double) { (self.a, self.b, self.scaling) = (a, b, scaling) }

    /// PEFT's and llama.cpp's alpha: they scale by alpha / rank.
    package var alpha: Double { scaling * Double(a.rows) }
}
