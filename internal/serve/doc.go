// Package serve starts local inference servers (vLLM, SGLang, llama-server) for
// a run, watches them, and ends them with it. Call [Start], or [StartAll] for a
// model with its judges; speak to the servers at [Pool.BaseURLs] through
// [Pool.Dial] with [Pool.APIKey], and put [Pool.Responder] round the client;
// call [Pool.Close] at the end. The program's binary must run [Watch] for the
// command of [Options.Watcher].
//
// The pool owns its processes, GPUs, ports and log files. Servers listen on
// 127.0.0.1 and want a key that is made for each pool and never in a process's
// arguments. A server that dies is started again; requests that were with it
// are asked again. Nothing outlives this process: see package proc.
package serve

import "olmoeval/internal/serve/proc"

// Watch is the life of a watcher process, given the arguments that follow the
// watcher's command; it returns the exit code.
func Watch(args []string) int { return proc.Watch(args) }
