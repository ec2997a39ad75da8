package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// LeaseSilence is how long a lease may be silent before another process may
// take the run over.
const LeaseSilence = 2 * time.Minute

const (
	leaseName = "lease.json"
	heartbeat = 15 * time.Second
)

// Lease names the process that writes a run.
type Lease struct {
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// Start tells processes of one pid apart: the kernel's start time.
	Start string    `json:"start"`
	Beat  time.Time `json:"heartbeat"`
}

// HeldError says that another process writes the run.
type HeldError struct {
	Dir string
	Lease
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("run %s is being written by process %d on %s (last heartbeat %s); wait for it, or stop it and type the command again",
		e.Dir, e.PID, e.Host, e.Beat.Local().Format("15:04:05"))
}

func ownLease(now time.Time) Lease {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return Lease{Host: host, PID: os.Getpid(), Start: startOf(os.Getpid()), Beat: now}
}

// startOf is the start time of a process in the kernel's ticks, "" if the
// system does not tell.
func startOf(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	s := string(b)
	fields := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// dead reports whether the lease's holder is known to be gone: a process of
// this machine that no longer runs, or one silent for too long.
func (l Lease) dead(now time.Time) bool {
	own := ownLease(now)
	if l.Host == own.Host {
		if err := syscall.Kill(l.PID, 0); errors.Is(err, syscall.ESRCH) {
			return true
		}
		if s := startOf(l.PID); s != "" && l.Start != "" && s != l.Start {
			return true
		}
	}
	return now.Sub(l.Beat) > LeaseSilence
}

func readLease(path string) (Lease, []byte, error) {
	var l Lease
	b, err := os.ReadFile(path)
	if err != nil {
		return l, nil, err
	}
	err = json.Unmarshal(b, &l)
	return l, b, err
}

// takeLease makes the process the writer of a run, or returns a *HeldError.
func takeLease(dir string, now time.Time) error {
	path := filepath.Join(dir, leaseName)
	own, err := json.Marshal(ownLease(now))
	if err != nil {
		return err
	}
	for range 10 {
		if err := createExclusive(path, own); !errors.Is(err, os.ErrExist) {
			return err
		}
		held, raw, err := readLease(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		// A lease that cannot be read was being written when its holder died,
		// or is being written now: its age decides.
		if err != nil {
			info, serr := os.Stat(path)
			if serr == nil && now.Sub(info.ModTime()) < time.Second {
				time.Sleep(50 * time.Millisecond)
				now = now.Add(50 * time.Millisecond)
				continue
			}
		} else if !held.dead(now) {
			return &HeldError{dir, held}
		}
		// Move the stale lease away; if it was not the one we read, another
		// process was quicker: put it back.
		stale := path + ".stale-" + strconv.Itoa(os.Getpid())
		if err := os.Rename(path, stale); err != nil {
			continue
		}
		if now, err := os.ReadFile(stale); err == nil && string(now) != string(raw) && raw != nil {
			_ = os.Link(stale, path)
		}
		os.Remove(stale)
	}
	return fmt.Errorf("run %s: could not take its lease", dir)
}

// createExclusive makes a file with its whole content at once, or fails with
// os.ErrExist.
func createExclusive(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".lease-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func renewLease(dir string, now time.Time) error {
	path := filepath.Join(dir, leaseName)
	held, _, err := readLease(path)
	own := ownLease(now)
	if err == nil && (held.PID != own.PID || held.Host != own.Host || held.Start != own.Start) {
		return &HeldError{dir, held}
	}
	b, err := json.Marshal(own)
	if err != nil {
		return err
	}
	return writeFile(path, b)
}

func dropLease(dir string) { _ = os.Remove(filepath.Join(dir, leaseName)) }
