package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"olmoeval/dataset/internal/rowio"
	"olmoeval/eval"
)

// openCommand runs a command that writes rows as JSON Lines to its standard
// output, once for each split, and reads what it wrote. {split} and {subset}
// in its arguments are replaced; OLMO_EVAL_SPLIT and OLMO_EVAL_SUBSET are in
// its environment.
func (s *Store) openCommand(ctx context.Context, src eval.Source, split string) (eval.Rows, error) {
	key := strings.Join(append([]string{"command", split, src.Subset}, src.Command...), "\x00")
	file, err := shared(ctx, s, key, func(ctx context.Context) (string, error) { return s.spool(ctx, src, split) })
	if err != nil {
		return nil, err
	}
	info := eval.SourceInfo{Path: strings.Join(src.Command, " "), Subset: src.Subset, Split: split}
	r := newRows(info, []rowio.Input{{Name: src.Command[0], Path: file}})
	return r, nil
}

// spool runs the command and returns the file of its output, named by its
// digest, so that a later run that writes something else does not disturb.
func (s *Store) spool(ctx context.Context, src eval.Source, split string) (string, error) {
	dir, err := s.cacheDir("exec")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(dir, ".rows.*")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	sum := sha256.New()
	said := &lastBytes{max: 4096}
	fill := strings.NewReplacer("{split}", split, "{subset}", src.Subset)
	args := make([]string, len(src.Command))
	for i, a := range src.Command {
		args[i] = fill.Replace(a)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(cmd.Environ(), "OLMO_EVAL_SPLIT="+split, "OLMO_EVAL_SUBSET="+src.Subset)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(tmp, sum), said
	// The command and what it starts end together.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("the command ended with %s", exit.ProcessState)
		}
		if text := said.line(); text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
		return "", err
	}
	if err := tmp.Sync(); err != nil {
		return "", err
	}
	file := filepath.Join(dir, hex.EncodeToString(sum.Sum(nil))[:32]+".jsonl")
	return file, os.Rename(tmp.Name(), file)
}

// lastBytes keeps the end of what is written to it.
type lastBytes struct {
	max int
	buf []byte
}

func (l *lastBytes) Write(p []byte) (int, error) {
	l.buf = append(l.buf, p...)
	if over := len(l.buf) - l.max; over > 0 {
		l.buf = l.buf[over:]
	}
	return len(p), nil
}

// line is the end of the text, its last lines joined to one.
func (l *lastBytes) line() string {
	var lines []string
	for _, b := range bytes.Split(l.buf, []byte{'\n'}) {
		if text := strings.TrimSpace(string(bytes.ToValidUTF8(b, nil))); text != "" {
			lines = append(lines, text)
		}
	}
	if len(lines) > 3 {
		lines = lines[len(lines)-3:]
	}
	text := strings.Join(lines, " | ")
	if len(text) > 500 {
		text = "…" + strings.ToValidUTF8(text[len(text)-500:], "")
	}
	return text
}
