// Package journal is a run on disk: a directory with a manifest (run.json),
// one append-only record file a task, and events. It is the result of a run and
// the point from which it resumes.
//
// A writer calls [Create] or [Open], [Writer.Append] for each record, and
// [Writer.Seal] once. A reader calls [Load] and [Reader.Records]. One process
// writes a run at a time; a lease file guards that, and tells others who does.
//
// Record files are JSON Lines. Each line ends in a CRC-32C over the bytes
// before it, so that a line torn by a kill is told from a whole one; the last
// line of a file may be torn and is then dropped. Text that many requests of a
// task share stands once, in a line of its own, before the first record that
// refers to it. A later record of an instance replaces an earlier one.
package journal
