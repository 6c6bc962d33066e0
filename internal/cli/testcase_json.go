package cli

import (
	"encoding/json"
	"errors"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/testcase"
)

type testJSON struct {
	Name    string          `json:"name"`
	About   string          `json:"about,omitempty"`
	Result  string          `json:"result"`
	Seconds float64         `json:"seconds"`
	Error   *testErrorJSON  `json:"error,omitempty"`
	Tables  []testTableJSON `json:"tables"`
}

type testErrorJSON struct {
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

type testTableJSON struct {
	Name string `json:"name"`
	// File is null where a replay differs from the increments.
	File       *string        `json:"file"`
	Missing    []testRowJSON  `json:"missing"`
	Unexpected []testRowJSON  `json:"unexpected"`
	Changed    []testDiffJSON `json:"changed"`
}

type testRowJSON struct {
	Line int       `json:"line,omitempty"`
	Row  cellsJSON `json:"row"`
}

type testDiffJSON struct {
	Line int       `json:"line,omitempty"`
	Key  cellsJSON `json:"key"`
	Got  cellsJSON `json:"got"`
	Want cellsJSON `json:"want"`
}

// cellsJSON is an object whose keys keep the columns' order. Values are texts, and null.
type cellsJSON []testcase.Cell

// MarshalJSON implements json.Marshaler.
func (c cellsJSON) MarshalJSON() ([]byte, error) {
	out := []byte{'{'}
	for i, item := range c {
		if i > 0 {
			out = append(out, ',')
		}
		var value any
		if !item.Null {
			value = item.Text
		}
		for j, part := range []any{item.Column, value} {
			if j > 0 {
				out = append(out, ':')
			}
			text, err := json.Marshal(part)
			if err != nil {
				return nil, err
			}
			out = append(out, text...)
		}
	}
	return append(out, '}'), nil
}

func testsJSON(results []testcase.Result) []testJSON {
	out := []testJSON{}
	for _, result := range results {
		n := testJSON{
			Name: result.Case.Name, About: result.Case.About, Result: result.Outcome(),
			Seconds: result.Duration.Seconds(),
			Tables:  []testTableJSON{},
		}
		if result.Err != nil {
			n.Error = &testErrorJSON{Message: result.Err.Error(), Hint: hintOf(result.Err)}
			var placed *sqlfile.Error
			if errors.As(result.Err, &placed) {
				n.Error.Message, n.Error.File, n.Error.Line, n.Error.Column = placed.Msg,
					placed.File, placed.Line,
					placed.Column
			}
		}
		for _, d := range result.Tables {
			n.Tables = append(n.Tables, testTable(d))
		}
		out = append(out, n)
	}
	return out
}

func testTable(d testcase.Difference) testTableJSON {
	out := testTableJSON{
		Name: d.Table, Missing: []testRowJSON{}, Unexpected: []testRowJSON{},
		Changed: []testDiffJSON{},
	}
	if d.File != "" {
		out.File = &d.File
	}
	for _, row := range d.Missing {
		out.Missing = append(out.Missing, testRowJSON{Line: row.Line, Row: row.Cells})
	}
	for _, row := range d.Unexpected {
		out.Unexpected = append(out.Unexpected, testRowJSON{Row: row.Cells})
	}
	for _, row := range d.Changed {
		changed := testDiffJSON{Line: row.Line, Key: row.Key}
		for _, column := range row.Columns {
			changed.Got, changed.Want = append(changed.Got, column.Got), append(changed.Want, column.Want)
		}
		out.Changed = append(out.Changed, changed)
	}
	return out
}
