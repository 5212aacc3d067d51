extension MethodCase {
    /// All cases; every method of the registry has at least one.
    static let all: [MethodCase] =
        lora + dora + moSLoRA + linChain + tiedLoRA + veRA + pissa + olora + loraGA + sorsa + adalora + bone + bat
        + bottlenecks + compacter + ia3 + vectors
}
