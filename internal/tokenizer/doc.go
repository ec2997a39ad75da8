// Package tokenizer turns text into the token ids of a model and back, from the
// files that Hugging Face checkpoints carry: tokenizer.json, beside it
// tokenizer_config.json, special_tokens_map.json and the chat templates. It
// needs no server and no Python.
//
// Call [Open] first. A [Tokenizer] does not change after that and may be used by
// many goroutines. What a file asks for and this package lacks is refused by
// [Open] with its name; no part of a pipeline is skipped in silence.
//
// Files are not trusted: sizes are bounded, regular expressions have a time
// limit, and a pattern that runs into it makes an error, not a wrong count.
package tokenizer
