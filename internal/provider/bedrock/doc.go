// Package bedrock is a client for the Converse API of AWS Bedrock. Find
// credentials with [FromEnvironment], make a client with [New]; ask
// [Client.Caps] before a run.
//
// The API has chats only: completions and log-likelihoods are refused, never
// imitated. It makes one sample a call and takes no seed. What only some of its
// models take, such as thinking, goes into additionalModelRequestFields of
// extra_body. Calls are signed (Signature Version 4), or carry a Bedrock key.
package bedrock
