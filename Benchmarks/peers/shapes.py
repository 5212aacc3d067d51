"""Llama shapes by the names of `catena bench step --shape`, as fields of a Hugging Face config.json."""

SHAPES = {
    "tiny": dict(
        hidden_size=256, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, intermediate_size=768,
        vocab_size=4096, tie_word_embeddings=True),
    # To try what needs SmolLM2's token ids.
    "tiny-49152": dict(
        hidden_size=256, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, intermediate_size=768,
        vocab_size=49152, tie_word_embeddings=True),
    "smollm2-135m": dict(
        hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536,
        vocab_size=49152, tie_word_embeddings=True),
    "tinyllama-1.1b": dict(
        hidden_size=2048, num_hidden_layers=22, num_attention_heads=32, num_key_value_heads=4, intermediate_size=5632,
        vocab_size=32000, tie_word_embeddings=False),
}
