// Package telemetry tells other systems about runs while they run, where that
// was asked for: spans and metrics over OTLP/HTTP in JSON, and counters for
// Prometheus. [FromEnv] reads where to send; a [Recorder] made with [New] takes
// what happens: [Recorder.Begin] for each run, [Trace.Seen] for each finished
// instance, [Trace.End], and [Recorder.Close] at last. [Serve] answers
// Prometheus.
//
// Names follow the OpenTelemetry conventions for generative AI where they have
// one. Neither prompts nor answers are sent, nor error texts, headers or keys: an
// error is its status. Sending never holds up a run: what a slow collector does
// not take is dropped and counted.
//
// The format is written here, not by the OpenTelemetry SDK: its exporters bring
// gRPC and protobuf, which make the program 18 MB larger (of 30) and every
// command start later, and two small JSON messages are all that is needed.
package telemetry
