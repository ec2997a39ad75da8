// Package anthropic is a client for Anthropic's Messages API. Make one with
// [New]; ask [Client.Caps] before a run.
//
// The API has chats only: completions and log-likelihoods are refused, never
// imitated. It makes one sample a call and takes no seed, so several samples
// are several calls. Finish reasons are told in the words of the OpenAI API,
// thinking is kept apart in Output.Reasoning, and prompt tokens count what was
// read from and written to the API's cache.
package anthropic
