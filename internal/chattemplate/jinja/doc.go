// Package jinja renders the Jinja2 language as Python does it in the sandbox that
// chat templates run in: strings, lists and ordered mappings behave and print as
// Python's, blocks trim and strip white space, containers cannot be changed.
//
// Call [Parse] first, then [Template.Render]. A Template does not change and may
// be used by many goroutines.
//
// Templates are not trusted. Rendering has a budget of work, which does not
// depend on the clock: a template that loops, recurses or grows without end stops
// with an error. What the language has and this package lacks is an error that
// names it.
package jinja
