// Package providertest is the suite that every provider passes. A provider of a
// model that a test can script calls [Run] with a [Fake] of its wire format, be
// that HTTP, a pipe or a call; a provider of a real model calls [RunReal].
//
// A script says in plain words what the model does: what it says, what it
// counts, how it fails. The fake puts that into its wire format, the provider
// reads it back, and the suite compares.
package providertest
