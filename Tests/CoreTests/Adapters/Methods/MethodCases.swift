import CatenaCore

extension MethodCase {
    /// All cases; every method of the registry has at least one.
    static let all: [MethodCase] = lora + pissa + olora + loraGA + sorsa + bone + bat + ia3 + vectors
}
