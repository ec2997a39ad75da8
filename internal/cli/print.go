package cli

import (
	"encoding/json"
	"fmt"
	"strconv"

	"olmoeval/eval"
	"olmoeval/internal/table"
)

// printJSON writes one object as a line.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printTable writes a table in the asked format.
func (a *app) printTable(t *table.Table, format string) error {
	return asUsage(t.Write(a.Stdout, format))
}

// number spells a value in its unit: percent for proportions.
func number(v *float64, unit string) string {
	if v == nil {
		return "–"
	}
	if unit == eval.Proportion {
		return fmt.Sprintf("%.2f %%", *v*100)
	}
	return strconv.FormatFloat(*v, 'f', 4, 64)
}

// interval spells a 95 % interval.
func interval(ci *[2]float64, unit string) string {
	if ci == nil {
		return "–"
	}
	if unit == eval.Proportion {
		return fmt.Sprintf("%.2f … %.2f", ci[0]*100, ci[1]*100)
	}
	return fmt.Sprintf("%.4f … %.4f", ci[0], ci[1])
}
