// Package openai is a client for servers that speak the OpenAI API, with the
// extensions of vLLM where they have them: completions, chats with tools,
// streams, and true log-likelihoods of given continuations. Make one with
// [New]; ask [Client.Caps] before a run.
//
// Every failure is an [eval.Fault] with the status it has in a record. A
// number that a server leaves out is never taken for 0: an answer that lacks
// one it must have is an infra_bad_response.
//
// Log-likelihoods go one of two ways, found by trying a known continuation
// first. With /tokenize and prompt_logprobs, prompts are sent as token ids and
// every scored position is checked to be the token that was meant. Otherwise
// echo and logprobs are used with text, the boundary is found by text offsets,
// and the answer carries the note "boundary=text_offset".
package openai
