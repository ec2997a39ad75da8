// Package prompt turns instances into requests.
//
// Each type is an [eval.Formatter]: a pointer to a struct of plain settings,
// with every text and number that shapes the prompt as an exported field, so
// that a task, a variant, a file or an option on the command line can change it.
// Start from a constructor, which fills in the usual settings, and edit:
//
//	p := prompt.NewCompletion()
//	p.Template = "Question: {question}\nAnswer:"
//
// [Completion] continues a text, [Chat] and [MCQAChat] hold a conversation,
// [Choice] compares the likelihoods of the answers of a multiple-choice question
// and [PPL] measures the likelihood of one text. [Solution] asks for a program or
// proof in either way, and [Recorded] sends requests that were written before.
//
// Templates are those of Python's str.format with plain named fields: {question}
// is replaced, {{ and }} are braces. Which names a template knows is said at its
// field. Braces in inserted texts are left alone.
//
// Prepare checks the settings and renders the worked examples, once. The
// Renderer it returns may be called by many goroutines; it reports the leading
// part that all requests share. An empty setting is empty, not a default.
package prompt
