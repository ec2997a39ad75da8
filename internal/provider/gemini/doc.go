// Package gemini is a client for Google's Gemini API (generateContent). Make
// one with [New]; ask [Client.Caps] before a run.
//
// The API has chats only: completions and log-likelihoods are refused, never
// imitated. Several samples come of one call where the model makes them, else
// of several. Thoughts are kept apart in Output.Reasoning and counted as
// completion tokens. An answer that a filter withheld is a fault with the status
// content_filtered; among other samples it is an output with that finish reason.
package gemini
