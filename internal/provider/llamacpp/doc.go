// Package llamacpp answers requests with a GGUF checkpoint in this process,
// through llama.cpp's shared libraries: no Python, no server, no C compiler.
// Make a provider with [New]; it reads the file's header at once and loads the
// model when it is first asked something.
//
// Only a program built with the tag llamacpp can load a model, as the binding
// to the libraries needs a dynamic linker when a program starts. Without the
// tag, [New] says how to build one.
//
// Answers are repeatable to the last bit, whatever the order of requests and
// however many callers: each request has a context of its own while it is
// answered, what is computed together belongs to the same request, and of a
// prompt's beginning that an earlier request had too, only whole blocks are
// taken over, which are always computed in the same way.
package llamacpp
