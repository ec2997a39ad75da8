// Package dataset finds and reads the rows of benchmarks: Hugging Face data
// sets, local files and globs, s3://, gs:// and https:// addresses, a process
// that writes rows, data bundled with the program, and a mirror directory that
// stands in for all of them where there is no network.
//
// Call [New] with [Options] (or [OptionsFromEnv]); [Store.Open] gives the rows
// of one split as a stream, [Decode] makes a document of a row, [Store.Shots]
// gives a curated few-shot set and [Store.Text] a long prompt text, both
// checked against their digests and, where no mirror has them, made of public
// data or read from the public files they were published in. [WriteMirror]
// writes a mirror.
//
// Nothing is read, created or asked before the first call of one of these.
// What is downloaded is kept: Hugging Face data in Hugging Face's own cache
// layout, all else under Options.CacheDir, each file with its digest.
package dataset
