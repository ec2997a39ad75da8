// Package mockserver is an OpenAI-compatible server in front of a mock model,
// with vLLM's extensions: prompt_logprobs, prompts of token ids, /tokenize,
// /metrics. Make one with [New]; it is an http.Handler.
//
// It sees prompts, not questions: an [Index], filled with the requests of the
// tasks to come, tells it which question a prompt belongs to, and so what is
// right. Prompts that nobody told it of get the mock's fixed text, and
// log-probabilities that depend on their length alone.
package mockserver
