package hook

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"strings"
	"time"
)

// Rows runs a command once and streams the lines it writes to stdout, one JSON
// object each; a line is valid until the next. It gets request as one JSON line
// on stdin, which is then closed. The last element is an error if the process
// ended with a status other than 0, was silent for the command's timeout, or ctx
// ended. Stopping early kills the process group.
func Rows(ctx context.Context, c Command, request any) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		line, err := json.Marshal(request)
		if err != nil {
			yield(nil, c.fault("", "request: %v", err))
			return
		}
		run, err := c.build()
		if err != nil {
			yield(nil, c.fault("", "%v", err))
			return
		}
		out, childOut, err := os.Pipe()
		if err != nil {
			yield(nil, c.fault("", "%v", err))
			return
		}
		defer out.Close()
		stderr := &tail{}
		run.Stdin, run.Stdout, run.Stderr = strings.NewReader(string(line)+"\n"), childOut, stderr
		err = run.Start()
		childOut.Close()
		if err != nil {
			yield(nil, c.startFault(err))
			return
		}
		// The pipe's end, not the context, ends the loop: so nothing written is lost.
		stop := context.AfterFunc(ctx, func() { killGroup(run) })
		defer stop()
		more := true
		r := bufio.NewReaderSize(out, 256<<10)
		for more {
			_ = out.SetReadDeadline(time.Now().Add(c.timeout()))
			row, rerr := readLine(r)
			if rerr != nil {
				err = rerr
				break
			}
			more = yield(row, nil)
		}
		if !more || !errors.Is(err, io.EOF) {
			killGroup(run)
		}
		exit := run.Wait()
		switch {
		case !more:
		case ctx.Err() != nil:
			yield(nil, ctx.Err())
		case errors.Is(err, os.ErrDeadlineExceeded):
			yield(nil, c.fault(stderr.String(), "wrote no row within %v", c.timeout()))
		case !errors.Is(err, io.EOF):
			yield(nil, c.fault(stderr.String(), "%v", err))
		case exit != nil:
			yield(nil, c.fault(stderr.String(), "died: %v", exit))
		}
	}
}
