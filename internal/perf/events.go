package perf

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// event is a line of events.jsonl, with the counters of "progress".
type event struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"`

	Requests         float64  `json:"requests"`
	PromptTokens     float64  `json:"prompt_tokens"`
	CompletionTokens float64  `json:"completion_tokens"`
	InFlight         *float64 `json:"in_flight"`
	Places           *float64 `json:"places"`
	Waiting          *float64 `json:"waiting"`

	// Of "price": nobody knows it, or answers tell it.
	Unknown  bool `json:"unknown"`
	Reported bool `json:"reported"`
}

// Events that end a session are the statuses of runs.
var ends = []string{"complete", "incomplete", "interrupted", "failed"}

// events yields the lines of an events.jsonl; one that is not whole is left out.
func events(path string) iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		f, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil {
			yield(event{}, err)
			return
		}
		defer f.Close()
		r := bufio.NewReader(f)
		for {
			line, err := r.ReadBytes('\n')
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(event{}, fmt.Errorf("%s: %w", path, err))
				return
			}
			var e event
			if json.Unmarshal(line, &e) != nil || e.Time.IsZero() {
				continue // torn by a kill
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// counters are a process's own.
type counters struct{ requests, prompt, completion float64 }

// history is what the events of a run tell.
type history struct {
	files    []string
	sessions []session
	priced   bool // all sessions knew the price beforehand
	counted  bool // every session has counters
}

// session is one process's work on a run.
type session struct {
	span
	last  counters
	known bool // there are counters
	ended bool // an event says so; else it was killed, or works still
}

// readHistory reads the events of a run and of its shards.
func readHistory(dir string) (*history, error) {
	h := &history{files: []string{filepath.Join(dir, "events.jsonl")}}
	shards, err := filepath.Glob(filepath.Join(dir, "shards", "*", "events.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(shards)
	h.files = append(h.files, shards...)
	prices, unknown := 0, 0
	for _, path := range h.files {
		var open *session
		for e, err := range events(path) {
			if err != nil {
				return nil, err
			}
			if e.Event == "started" || e.Event == "resumed" {
				h.sessions = append(h.sessions, session{span: span{e.Time, e.Time}})
				open = &h.sessions[len(h.sessions)-1]
				continue
			}
			if open == nil {
				continue
			}
			if e.Time.After(open.to) { // the clock may have been set back
				open.to = e.Time
			}
			switch {
			case e.Event == "progress":
				open.last, open.known = counters{e.Requests, e.PromptTokens, e.CompletionTokens}, true
			case e.Event == "price" && (e.Unknown || e.Reported):
				unknown++
			case e.Event == "price":
				prices++
			case slices.Contains(ends, e.Event):
				open.ended = true
				open = nil
			}
		}
	}
	h.priced = prices > 0 && unknown == 0
	h.counted = len(h.sessions) > 0
	for _, s := range h.sessions {
		h.counted = h.counted && s.known
	}
	return h, nil
}

// dirs are the run's directory and those of its shards.
func (h *history) dirs() []string {
	out := make([]string, len(h.files))
	for i, f := range h.files {
		out[i] = filepath.Dir(f)
	}
	return out
}

// sum adds the counters of all sessions.
func (h *history) sum() (c counters) {
	for _, s := range h.sessions {
		c.requests += s.last.requests
		c.prompt += s.last.prompt
		c.completion += s.last.completion
	}
	return c
}
