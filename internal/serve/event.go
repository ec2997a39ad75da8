package serve

import "time"

// EventKind says what happened.
type EventKind string

// The kinds of event, in the order of a life.
const (
	Note       EventKind = "note"       // something worth knowing, such as GPUs left over
	Starting   EventKind = "starting"   // a process was started
	Progress   EventKind = "progress"   // a line of the server's that shows how far it is
	Waiting    EventKind = "waiting"    // a word every few seconds while it starts
	Ready      EventKind = "ready"      // it has answered with a real token
	Down       EventKind = "down"       // it died, or was ended because it hung
	Restarting EventKind = "restarting" // it will be started again
	Failed     EventKind = "failed"     // it will not be started again
	Stopped    EventKind = "stopped"    // the pool was closed
)

// Event is a thing that happened to a server.
type Event struct {
	Time    time.Time
	Kind    EventKind
	Server  string // "vllm org/model"
	Replica int
	// Text is one line.
	Text string
}
