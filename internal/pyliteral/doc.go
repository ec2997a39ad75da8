// Package pyliteral reads data out of Python source files: the value of one
// top-level name that is assigned a literal. Call [Find].
//
// Nothing is executed. Lists, tuples, dicts with string keys, strings, numbers,
// True, False and None are read, as are comments, line continuations, strings
// side by side and strings joined by +. All else (names, calls, operators,
// f-strings, bytes, sets) is an error with its line.
package pyliteral
