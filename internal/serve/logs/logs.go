// Package logs keeps what a server prints: in files of bounded size, the last
// lines in memory. Call [Open], then [Log.Drain] with the server's output until
// it ends; a server whose output nobody reads stops.
package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// Config says what to keep. Zero fields mean the defaults that each names.
type Config struct {
	// Path is the newest file, "" for none; older ones are Path.1, Path.2 …
	Path  string
	Bytes int64 // of a file; 0 means 10 MiB
	Files int   // with the newest; 0 means 3
	Lines int   // in memory; 0 means 200
	// Secrets are replaced by ***.
	Secrets []string
	// Line is called with each line, cut to 4 KiB, and whether it shows progress,
	// which the next such line replaces in memory; nil for nobody.
	Line func(text string, progress bool)
}

// Log is what a server has printed. It may be used by many goroutines.
type Log struct {
	cfg    Config
	redact *strings.Replacer

	mu      sync.Mutex
	file    *os.File
	size    int64
	err     error // the first failure to write, after which only memory is kept
	lines   []string
	next    int  // where the next line goes once lines is full
	passing bool // the last line shows progress
}

// Open makes a log; a file that is there is continued.
func Open(cfg Config) (*Log, error) {
	l := &Log{cfg: cfg}
	if cfg.Bytes <= 0 {
		l.cfg.Bytes = 10 << 20
	}
	if cfg.Files <= 0 {
		l.cfg.Files = 3
	}
	if cfg.Lines <= 0 {
		l.cfg.Lines = 200
	}
	var pairs []string
	for _, s := range cfg.Secrets {
		if len(s) >= 6 { // shorter ones would blank ordinary words
			pairs = append(pairs, s, "***")
		}
	}
	if len(pairs) > 0 {
		l.redact = strings.NewReplacer(pairs...)
	}
	if cfg.Path == "" {
		return l, nil
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Path), 0o755); err != nil {
		return nil, err
	}
	return l, l.open()
}

func (l *Log) open() error {
	f, err := os.OpenFile(l.cfg.Path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	l.file, l.size = f, info.Size()
	return nil
}

// maxLine is where a line that does not end is cut.
const maxLine = 4096

// Drain keeps all that r gives, until its end. A full disk does not stop it.
func (l *Log) Drain(r io.Reader) error {
	buf := make([]byte, 64<<10)
	kept := 0 // of an unfinished line
	for {
		n, err := r.Read(buf[kept:])
		data := buf[:kept+n]
		for {
			i := bytes.IndexAny(data, "\r\n")
			if i < 0 && len(data) < maxLine && err == nil {
				break
			}
			if len(data) == 0 {
				break
			}
			line, end := data, byte('\n')
			switch {
			case i >= 0 && i <= maxLine:
				line, end, data = data[:i], data[i], data[i+1:]
			case len(data) > maxLine:
				line, data = data[:maxLine], data[maxLine:]
			default:
				data = nil
			}
			if end == '\r' && len(data) > 0 && data[0] == '\n' {
				end, data = '\n', data[1:]
			}
			l.add(string(line), end == '\r')
		}
		kept = copy(buf, data)
		if errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// Note adds a line of our own, such as when a server was started.
func (l *Log) Note(text string) { l.add("olmo-eval: "+text, false) }

// colours are the codes by which terminals are painted.
var colours = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

func (l *Log) add(line string, passing bool) {
	if l.redact != nil {
		line = l.redact.Replace(line)
	}
	if strings.IndexByte(line, 0x1b) >= 0 {
		line = colours.ReplaceAllString(line, "")
	}
	passing = passing || isProgress(line)
	l.mu.Lock()
	l.write(line)
	if strings.TrimSpace(line) != "" {
		l.remember(line, passing)
	}
	l.mu.Unlock()
	if l.cfg.Line != nil {
		l.cfg.Line(line, passing)
	}
}

// bar is a progress display, as tqdm paints it.
var bar = regexp.MustCompile(`\b\d{1,3}%( Completed)? ?\|`)

func isProgress(line string) bool { return strings.IndexByte(line, '%') >= 0 && bar.MatchString(line) }

func (l *Log) write(line string) {
	if l.file == nil {
		return
	}
	if l.size+int64(len(line))+1 > l.cfg.Bytes && l.size > 0 {
		if err := l.rotate(); err != nil {
			l.err = err
			return
		}
	}
	n, err := l.file.WriteString(line + "\n")
	l.size += int64(n)
	if err != nil {
		l.err = err
		l.file.Close()
		l.file = nil
	}
}

// rotate moves each file one on and begins a new one.
func (l *Log) rotate() error {
	l.file.Close()
	l.file = nil
	for i := l.cfg.Files - 1; i > 0; i-- {
		from := l.cfg.Path
		if i > 1 {
			from = fmt.Sprintf("%s.%d", l.cfg.Path, i-1)
		}
		if err := os.Rename(from, fmt.Sprintf("%s.%d", l.cfg.Path, i)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if l.cfg.Files == 1 {
		if err := os.Remove(l.cfg.Path); err != nil {
			return err
		}
	}
	return l.open()
}

func (l *Log) remember(line string, passing bool) {
	last := (l.next + len(l.lines) - 1) % max(len(l.lines), 1)
	switch {
	case passing && l.passing && len(l.lines) > 0:
		l.lines[last] = line
	case len(l.lines) < l.cfg.Lines:
		l.lines = append(l.lines, line)
	default:
		l.lines[l.next] = line
		l.next = (l.next + 1) % len(l.lines)
	}
	l.passing = passing
}

// Tail is the last n lines, oldest first.
func (l *Log) Tail(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]string, 0, len(l.lines))
	out = append(out, l.lines[l.next:]...)
	out = append(out, l.lines[:l.next]...)
	return out[max(0, len(out)-n):]
}

// Close ends the file and returns the first failure to write it.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
	return l.err
}
