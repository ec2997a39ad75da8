// Package httpapi is what providers behind HTTP share: keys that do not print,
// calls that end as an [eval.Fault] with the status a record gets, waits that
// servers ask for, event streams, strict JSON, chats cut into turns.
//
// Make a [Caller] for a server and [Caller.Post] to it. What a status means is
// decided in one place, [Caller.Refused]; an API with signs of its own adds
// them in Caller.Refine.
package httpapi
