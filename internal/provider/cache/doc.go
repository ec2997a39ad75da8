// Package cache keeps answers of models in a directory that runs share, so that
// what was asked once need not be paid for again. [Layer] is a Responder round a
// Responder: give it a [Store] and, when the model is known, tell it which by
// [Layer.Identify] ([Follow] does so when the provider is asked for its
// abilities). Judges use it like any model; what has no requests, such as tools,
// keeps bytes in a [Space].
//
// An answer is found by the identity of the weights, all that is sent, the
// sampling and the number of the sample. Nothing is kept for a model whose
// weights cannot be told. Greedy generations and log-likelihoods are kept, and
// sampled text where a seed makes it repeatable; faults and answers that were
// broken off are not.
//
// Any number of processes may use a directory at once, over NFS too: an entry is
// a file of its own, written beside and renamed, with a checksum; one that is
// damaged is no entry. Nothing is locked.
package cache
