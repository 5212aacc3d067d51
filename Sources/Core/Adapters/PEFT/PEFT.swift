/// The adapter format of Hugging Face PEFT: `adapter_config.json` and `adapter_model.safetensors`.
package enum PEFT {
    /// What PEFT puts before a module's path in tensor names.
    package static let prefix = "base_model.model."
    /// Name of the configuration's file.
    package static let configurationFile = "adapter_config.json"
    /// Name of the tensors' file.
    package static let weightsFile = "adapter_model.safetensors"
    /// Name of the tensors' file of older versions, which is not read.
    static let pickleFile = "adapter_model.bin"
}
