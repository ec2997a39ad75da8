package score

import (
	"context"
	"errors"
	"strings"

	"olmoeval/answer"
	"olmoeval/eval"
)

// What [Grid] can say of a grid; each is a scorer of that name.
const (
	GridPuzzle = "puzzle_accuracy" // 1 where all cells are right
	GridCells  = "cell_accuracy"   // the share of right cells
	GridParsed = "parsed"          // 1 where the output has a grid with every row
)

// Grid judges a logic grid puzzle (ZebraLogic; Lin et al. 2025, arXiv
// 2502.01100) by the last JSON object of the text: its "solution" holds an
// object for each row, which holds a text for each column. A cell is right where
// it equals that of metadata solution_table without white space at the ends and
// in lower case; of a list the first entry counts, of an object its first value.
// It reads the text as it is, with any reasoning.
type Grid struct {
	// What is GridPuzzle, GridCells or GridParsed.
	What string `json:"what"`
}

var _ eval.Scorer = Grid{}

// Name is What.
func (s Grid) Name() string { return s.What }

// Score gives a share from 0 to 1 an output. An instance without a solution is
// an error.
func (s Grid) Score(_ context.Context, rec *eval.Record) ([]eval.Score, error) {
	gold, total := goldGrid(rec.Instance)
	if total == 0 {
		return nil, errors.New("metadata solution_table has no cells")
	}
	return each(rec, func(o *eval.Output) float64 {
		right, parsed := judgeGrid(o.Text, gold)
		switch s.What {
		case GridParsed:
			return truth(parsed)
		case GridCells:
			return float64(right) / float64(total)
		}
		return truth(right == total)
	}), nil
}

// goldGrid is the solution by row and column with its number of cells.
func goldGrid(in *eval.Instance) (grid map[string]map[string]string, cells int) {
	if in == nil {
		return nil, 0
	}
	rows, _ := in.Metadata["solution_table"].(map[string]any)
	grid = make(map[string]map[string]string, len(rows))
	for name, row := range rows {
		columns, _ := row.(map[string]any)
		grid[name] = make(map[string]string, len(columns))
		for column, v := range columns {
			text, _ := textOf(v)
			grid[name][column] = lower(trim(text))
			cells++
		}
	}
	return grid, cells
}

// judgeGrid counts the right cells; parsed is false where the text has no grid
// with every row.
func judgeGrid(text string, gold map[string]map[string]string) (right int, parsed bool) {
	object, ok := answer.LastObject(text)
	if !ok {
		return 0, false
	}
	solution, _ := object.Value("solution")
	table, ok := solution.(answer.Object)
	if !ok {
		return 0, false
	}
	for name := range gold {
		if _, ok := table.Value(name); !ok {
			return 0, false
		}
	}
	for name, columns := range gold {
		v, _ := table.Value(name)
		row, _ := v.(answer.Object) // anything else has no cells
		for column, want := range columns {
			v, _ := row.Value(column)
			if got, ok := cell(v); ok && lower(trim(got)) == want {
				right++
			}
		}
	}
	return right, true
}

// cell is the text of a cell as a model wrote it.
func cell(v any) (string, bool) {
	for {
		switch x := v.(type) {
		case string:
			return x, true
		case []any:
			if len(x) == 0 {
				return "", false
			}
			s, ok := x[0].(string)
			return s, ok
		case answer.Object:
			if len(x) == 0 {
				return "", false
			}
			v = x[0].Value
		default:
			return "", false
		}
	}
}

// GridAnswer is a right answer to a question that [Grid] judges, for mocks; ok
// is false where the instance has no solution.
func GridAnswer(in *eval.Instance) (text string, ok bool) {
	table := in.Metadata["solution_table"]
	if _, cells := goldGrid(in); cells == 0 {
		return "", false
	}
	var b strings.Builder
	b.WriteString(`{"reasoning": "", "solution": `)
	b.Write(eval.AppendCanonical(nil, table))
	b.WriteString("}")
	return b.String(), true
}
