package starfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"olmoeval/eval"
	"olmoeval/internal/hook"
)

// process is an external scorer or extractor: a line {index, instance, outputs}
// in, a line {scores} or {answers} out.
type process struct {
	pool *hook.Pool
	name string
	// named says that the file gave the name: it must be a key of scores.
	named bool
}

// MarshalJSON is the command; the bytes of its files are in CodeDigest.
func (p *process) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"name": p.name, "command": p.pool.Command().Args})
}

// UnmarshalJSON refuses: the command is changed in the file.
func (p *process) UnmarshalJSON([]byte) error {
	return errors.New("exec is set in a .star file; change it there or in a variant")
}

func (p *process) String() string { return "exec " + p.pool.Command().String() }

// Close kills the processes; the context of Load does so too.
func (p *process) Close() error { return p.pool.Close() }

func (p *process) fault(format string, args ...any) error {
	return &eval.Fault{Status: eval.ScoringError, Err: fmt.Errorf("process %q: %s", p.pool.Command(), fmt.Sprintf(format, args...))}
}

type execRequest struct {
	Instance execInstance `json:"instance"`
	Outputs  []execOutput `json:"outputs"`
}

type execInstance struct {
	ID       any            `json:"id"`
	Question string         `json:"question"`
	Gold     any            `json:"gold_answer"`
	Choices  []string       `json:"choices"`
	Metadata map[string]any `json:"metadata"`
}

type execOutput struct {
	Text     string              `json:"text"`
	Answer   any                 `json:"answer"`
	Answers  []string            `json:"answers,omitempty"`
	Logprobs []eval.TokenLogprob `json:"logprobs,omitempty"`
	Metadata *eval.Loglik        `json:"metadata,omitempty"`
}

func (p *process) ask(ctx context.Context, rec *eval.Record) (map[string]json.RawMessage, error) {
	in := rec.Instance
	req := execRequest{
		Instance: execInstance{in.Metadata["id"], in.Question, in.Gold, in.Choices, in.Metadata},
		Outputs:  make([]execOutput, len(rec.Outputs)),
	}
	for i := range rec.Outputs {
		o := &rec.Outputs[i]
		req.Outputs[i] = execOutput{o.Text, o.Answer, o.Answers, o.Logprobs, o.Loglik}
	}
	return p.pool.Call(ctx, req)
}

// execScorer is score.exec.
type execScorer struct{ process }

var _ eval.Scorer = (*execScorer)(nil)

func (s *execScorer) Name() string { return s.name }

// Score sends the record and takes one number an output: scores[name] is a list
// of them, or one number where there is one output or the request is a
// log-likelihood, whose continuations are judged together.
func (s *execScorer) Score(ctx context.Context, rec *eval.Record) ([]eval.Score, error) {
	answer, err := s.ask(ctx, rec)
	if err != nil {
		return nil, err
	}
	var scores map[string]json.RawMessage
	if raw, ok := answer["scores"]; !ok || json.Unmarshal(raw, &scores) != nil || scores == nil {
		return nil, s.fault(`answered without "scores": {name: number}`)
	}
	raw, ok := scores[s.name]
	if !ok && !s.named && len(scores) == 1 {
		for _, raw = range scores {
			ok = true
		}
	}
	if !ok {
		return nil, s.fault("scores has no %q; it has: %s", s.name, strings.Join(sortedKeys(scores), ", "))
	}
	n := len(rec.Outputs)
	out := make([]eval.Score, n)
	if one, ok := scoreNumber(raw); ok {
		if n > 1 && (rec.Request == nil || rec.Request.Type != eval.Loglikelihood) {
			return nil, s.fault("gave one score for %d outputs; want a list of %d numbers", n, n)
		}
		for i := range out {
			out[i].Value = one
		}
		return out, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || list == nil {
		return nil, s.fault("score %.60s is no number", raw)
	}
	if len(list) != n {
		return nil, s.fault("gave %d scores for %d outputs", len(list), n)
	}
	for i, raw := range list {
		if out[i].Value, ok = scoreNumber(raw); !ok {
			return nil, s.fault("score %.60s of output %d is no number", raw, i)
		}
	}
	return out, nil
}

// scoreNumber reads a number, true or false.
func scoreNumber(raw json.RawMessage) (float64, bool) {
	switch string(raw) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	case "null":
		return 0, false
	}
	var f float64
	if json.Unmarshal(raw, &f) != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// execExtract is answer.exec.
type execExtract struct{ process }

var (
	_ eval.Extractor       = (*execExtract)(nil)
	_ eval.RecordExtractor = (*execExtract)(nil)
)

// ExtractRecord sends the record and takes answers[], one an output: null, text
// or a list of candidates.
func (x *execExtract) ExtractRecord(ctx context.Context, rec *eval.Record) error {
	answer, err := x.ask(ctx, rec)
	if err != nil {
		return err
	}
	var answers []any
	dec := json.NewDecoder(bytes.NewReader(answer["answers"]))
	dec.UseNumber() // 3 is "3", not "3.0"
	if dec.Decode(&answers) != nil || answers == nil {
		return x.fault(`answered without "answers": [one an output]`)
	}
	if len(answers) != len(rec.Outputs) {
		return x.fault("gave %d answers for %d outputs", len(answers), len(rec.Outputs))
	}
	for i, a := range answers {
		if err := setAnswer(&rec.Outputs[i], toStarlark(a)); err != nil {
			return x.fault("answer %d: %v", i, err)
		}
	}
	return nil
}

// Extract is for callers without a record; it panics where ExtractRecord has an
// error.
func (x *execExtract) Extract(in *eval.Instance, out *eval.Output) any {
	rec := &eval.Record{Instance: in, Outputs: []eval.Output{*out}}
	if err := x.ExtractRecord(context.Background(), rec); err != nil {
		panic(err)
	}
	return rec.Outputs[0].Answer
}

func (l *loader) scoreExec(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	p, err := l.process(t, "score.exec", []string{"command", "name", "timeout", "processes"}, args, kwargs)
	if err != nil {
		return nil, err
	}
	return &made{"score.exec", &execScorer{*p}}, nil
}

func (l *loader) answerExec(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	p, err := l.process(t, "answer.exec", []string{"command", "timeout", "processes"}, args, kwargs)
	if err != nil {
		return nil, err
	}
	return &made{"answer.exec", &execExtract{*p}}, nil
}

// process reads the arguments of an exec. Equal commands share their processes.
func (l *loader) process(t *starlark.Thread, fn string, names []string, args starlark.Tuple, kwargs []starlark.Tuple) (*process, error) {
	if err := l.loading(fn); err != nil {
		return nil, err
	}
	p := &process{}
	cmd := hook.Command{Dir: l.dir(t)}
	var n int64
	err := eachArg(fn, names, args, kwargs, func(key string, v starlark.Value) (err error) {
		switch key {
		case "command":
			cmd.Args, err = textsArg(key, v)
		case "name":
			p.name, err = textArg(key, v)
			p.named = true
		case "timeout":
			var s float64
			if s, err = floatArg(key, v); err == nil && !(s > 0 && s <= 86400) {
				err = fmt.Errorf("timeout is %v, want seconds above 0", v)
			}
			cmd.Timeout = time.Duration(s * float64(time.Second))
		case "processes":
			if n, err = intArg(key, v); err == nil && (n < 1 || n > 1024) {
				err = fmt.Errorf("processes is %d, want 1 to 1024", n)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return nil, fmt.Errorf(`%s: want a command, such as ["python3", "score.py"]`, fn)
	}
	if p.name == "" {
		p.name = nameOfCommand(cmd)
	}
	key := fmt.Sprintf("%q %q %v %d", cmd.Dir, cmd.Args, cmd.Timeout, n)
	if p.pool = l.pools[key]; p.pool == nil {
		p.pool = hook.NewPool(l.ctx, cmd, int(n))
		l.pools[key] = p.pool
		l.commands = append(l.commands, cmd)
	}
	return p, nil
}

// nameOfCommand is the base name of the command's own file, such as score of
// ["python3", "score.py"].
func nameOfCommand(c hook.Command) string {
	name := c.Args[0]
	if files := c.Files(); len(files) > 0 {
		name = files[len(files)-1]
	}
	name = filepath.Base(name)
	if stem := strings.TrimSuffix(name, filepath.Ext(name)); stem != "" {
		return stem
	}
	return name
}
