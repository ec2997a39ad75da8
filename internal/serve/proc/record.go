package proc

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// marker is the variable by which processes of a child are known.
const marker = "OLMO_SERVE_ID"

// ident is a process: its pid and the kernel's word for when it started, which
// tells processes of one pid apart; "" where the system does not tell.
type ident struct {
	PID   int    `json:"pid"`
	Start string `json:"start"`
}

func identify(pid int) ident { return ident{pid, startOf(pid)} }

// alive reports whether this very process runs.
func (i ident) alive() bool {
	if i.PID <= 0 {
		return false
	}
	err := syscall.Kill(i.PID, 0)
	if err != nil && err != syscall.EPERM { //nolint:errorlint // an errno
		return false
	}
	return startOf(i.PID) == i.Start && !zombie(i.PID)
}

// record is a watcher's word of what it watches, in a file of its own.
type record struct {
	ID      string `json:"id"`
	Host    string `json:"host"`
	Boot    string `json:"boot"`
	Name    string `json:"name"`
	Watcher ident  `json:"watcher"`
	Server  ident  `json:"server"`
}

func recordPath(dir, id string) string { return filepath.Join(dir, id+".json") }

func (r record) write(dir string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := recordPath(dir, r.ID)
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// forget removes a record, and what a watcher that was killed had begun of it.
func forget(dir, id string) {
	os.Remove(recordPath(dir, id))
	os.Remove(recordPath(dir, id) + ".new")
}

// Reap ends what servers of this user have left on this machine whose watchers
// were killed, and returns their programs' names. Nothing whose watcher lives
// is touched, and no process whose number was given to another.
func Reap(dir string, grace time.Duration) ([]string, error) {
	if err := privateDir(dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		var rec record
		b, err := os.ReadFile(recordPath(dir, id))
		if err != nil || json.Unmarshal(b, &rec) != nil || rec.ID != id || rec.Host != hostname() {
			continue
		}
		if rec.Boot == bootID() {
			if rec.Watcher.alive() {
				continue
			}
			if end(rec, grace) {
				names = append(names, filepath.Base(rec.Name))
			}
		}
		forget(dir, id)
	}
	return names, nil
}

// end ends all processes of a record and reports whether there were any.
func end(rec record, grace time.Duration) bool {
	left := leftovers(rec)
	if len(left) == 0 {
		return false
	}
	signal := syscall.SIGTERM
	deadline := time.Now().Add(grace)
	for len(left) > 0 {
		for _, p := range left {
			p.signal(signal)
		}
		if signal == syscall.SIGTERM {
			signal = 0 // said once is enough
		}
		time.Sleep(20 * time.Millisecond)
		if now := time.Now(); now.After(deadline.Add(lastWords)) {
			break
		} else if now.After(deadline) {
			signal = syscall.SIGKILL
		}
		left = leftovers(rec)
	}
	return true
}

// signal reaches this very process: the kernel's handle is taken first, then
// the start time is compared.
func (i ident) signal(s syscall.Signal) {
	p, err := os.FindProcess(i.PID)
	if err != nil {
		return
	}
	if startOf(i.PID) == i.Start {
		_ = p.Signal(s)
	}
	_ = p.Release()
}

func hostname() string {
	h, _ := os.Hostname()
	return h
}
