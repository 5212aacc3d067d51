/// The version of this program, as checkpoints and `catena --version` state it.
public enum CatenaVersion {
    /// Semantic version.
    public static let current = "0.1.0"
}
