// Package answer finds the answer in what a model wrote: one extractor a kind
// of answer, each a struct whose JSON-tagged fields are its settings, so that a
// variant or -o can show and change them.
//
// [Text] is the place to start; [LastNumber] reads arithmetic, [Letter] and
// [Choice] multiple choice, [Code] programs, [Think] what follows a model's
// reasoning, [Regexp] anything with a pattern. Extractors are pure and may be
// used by many goroutines. They return nil where there is no answer, and never
// for a failure of ours.
package answer
