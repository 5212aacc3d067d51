/// The formats in which an adapter can be handed on.
package enum AdapterFormat: String, Sendable, CaseIterable {
    /// The adapter's own type in the files of Hugging Face PEFT.
    case peft
    /// A plain LoRA in the files of PEFT, where an exact one exists.
    case lora
    /// A LoRA for llama.cpp (`--lora FILE`).
    case gguf
    /// The whole model with the adapter folded in, as a Hugging Face folder.
    case merged

    /// Whether the base model's files are needed to write it.
    package var needsModel: Bool { self != .peft }
}
