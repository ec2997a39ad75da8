package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"olmoeval/eval"
	"olmoeval/internal/find"
	"olmoeval/internal/journal"
)

// printCard writes a run's card: one page in Markdown, or under --json the page
// as a string.
func (a *app) printCard(ctx context.Context, r find.Run, res *journal.Result) error {
	page, err := card(ctx, r, res)
	if err != nil {
		return err
	}
	if a.global.json {
		return a.printJSON(map[string]any{"run_id": res.RunID, "card": page})
	}
	_, err = fmt.Fprint(a.Stdout, page)
	return err
}

func card(ctx context.Context, r find.Run, res *journal.Result) (string, error) {
	m := r.Manifest
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", firstOf(m.Name, m.Model.Name))
	fmt.Fprintf(&b, "Run `%s`, %s, started %s, olmo-eval %s.\n\n", m.RunID, m.Status, m.Created.UTC().Format("2006-01-02 15:04:05 UTC"), strings.TrimSpace(m.Program.Version+" "+m.Program.Revision))
	b.WriteString("## Model\n\n")
	item := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- %s: `%s`\n", name, value)
		}
	}
	item("name", m.Model.Name)
	item("provider", m.Model.Kind)
	item("asked for", m.Model.ID)
	item("revision", m.Model.Revision)
	if m.Model.Step != nil {
		item("step", strconv.FormatInt(*m.Model.Step, 10))
	}
	item("weights", m.Model.Weights)
	item("fingerprint", m.Caps.Fingerprint)
	item("system_hash", m.SystemHash)
	if len(m.Harness) > 0 {
		item("harness", string(plainJSON(m.Harness)))
	}
	cardResults(&b, res)
	for i := range m.Tasks {
		if err := cardTask(ctx, &b, r, &m.Tasks[i]); err != nil {
			return "", err
		}
	}
	b.WriteString("\n## Repeat it\n\n")
	fence(&b, "sh", commandLine(m.Command))
	return b.String(), nil
}

// cardResults writes the primary values, suites and warnings.
func cardResults(b *strings.Builder, res *journal.Result) {
	b.WriteString("\n## Results\n\n| task | metric | value | ± SE | 95 % CI | n | failed |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	row := func(name string, e *eval.Estimate, failed string) {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %d | %s |\n", cell(name), cell(e.Metric), number(e.Value, e.Unit), margin(e.SE, e.Unit), interval(e.CI95, e.Unit), e.N, failed)
	}
	for i := range res.Tasks {
		t := &res.Tasks[i]
		for j := range t.Metrics {
			name, failed := "", ""
			if t.Primary != nil && t.Metrics[j].Metric == t.Primary.Metric {
				name, failed = t.Task, strconv.Itoa(t.NFailed)
			}
			row(name, &t.Metrics[j], failed)
		}
	}
	for _, s := range res.Suites {
		metric := suiteMetric(&s)
		row("suite "+s.Suite, &eval.Estimate{Metric: metric, Value: s.Value, SE: s.SE, CI95: s.CI95, N: s.NTasks, Unit: s.Unit}, "")
	}
	var notes []string
	for _, t := range res.Tasks {
		for _, n := range t.Notes {
			notes = append(notes, fmt.Sprintf("- %s: %s\n", t.Task, n))
		}
	}
	for _, s := range res.Suites {
		for _, n := range s.Notes {
			notes = append(notes, fmt.Sprintf("- suite %s: %s\n", s.Suite, n))
		}
	}
	if len(notes) > 0 {
		b.WriteString("\n## Warnings\n\n" + strings.Join(notes, ""))
	}
}

func cell(s string) string { return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s) }

// cardTask writes a task's data, settings and first rendered prompt.
func cardTask(ctx context.Context, b *strings.Builder, r find.Run, t *journal.Task) error {
	fmt.Fprintf(b, "\n## %s\n\n", t.Label)
	for _, d := range t.Data {
		where := d.Path
		if d.Subset != "" {
			where += "/" + d.Subset
		}
		fmt.Fprintf(b, "- data: `%s` %s, %d rows, revision %s, SHA-256 `%s`\n", where, d.Split, d.Rows, firstOf(d.Revision, "none"), firstOf(d.Digest, "none"))
	}
	fmt.Fprintf(b, "- questions: %d, worked examples: %d\n", t.N, t.Shots)
	if s, ok := t.Config["sampling"]; ok {
		fmt.Fprintf(b, "- sampling: `%s`\n", plainJSON(s))
	}
	if len(t.Overrides) > 0 {
		fmt.Fprintf(b, "- overrides: `%s`\n", strings.Join(t.Overrides, " "))
	}
	fmt.Fprintf(b, "- hashes: prompt `%s`, selection `%s`, scoring `%s`\n", firstOf(t.PromptHash, "none yet"), t.SelectionHash, t.ScoringHash)
	for rec, err := range r.Records(ctx, t.Label) {
		if err != nil || rec.Request == nil {
			return err
		}
		b.WriteString("\nFirst prompt:\n\n")
		fence(b, "text", promptText(rec.Request))
		break
	}
	return nil
}

// promptText is a request as a person reads it.
func promptText(r *eval.Request) string {
	var b strings.Builder
	for _, m := range r.Messages {
		fmt.Fprintf(&b, "[%s]\n%s\n", m.Role, m.Content)
	}
	b.WriteString(r.Prompt)
	for i, c := range r.Continuations {
		if i < len(r.ContinuationPrompts) {
			fmt.Fprintf(&b, "\n[context %d] %s", i, r.ContinuationPrompts[i])
		}
		fmt.Fprintf(&b, "\n[continuation %d]%s", i, c)
	}
	return b.String()
}

// fence writes a code block that the text cannot end.
func fence(b *strings.Builder, language, text string) {
	marks := "```"
	for strings.Contains(text, marks) {
		marks += "`"
	}
	fmt.Fprintf(b, "%s%s\n%s\n%s\n", marks, language, strings.TrimSuffix(text, "\n"), marks)
}
