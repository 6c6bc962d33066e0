package table_test

import (
	"bytes"
	"testing"

	"github.com/sparkify/dwh/internal/table"
)

// What is the same in each row stands once above the table for people, and in each row for
// programs.
func TestOnce(t *testing.T) {
	t.Parallel()
	in := table.Table{Columns: table.Columns("name", "period", "n", "since"), Once: []int{1, 3}, Rows: [][]any{
		{"Ana", "a week", int64(1), "monday"}, {"Bo", "a week", int64(2), "monday"},
	}}
	for format, want := range map[table.Format]string{
		table.Text: "a week\n name │ n\n──────┼───\n Ana  │ 1\n Bo   │ 2\n",
		table.HTML: "<table>\n<thead>\n" +
			"<tr><th scope=\"col\">name</th><th scope=\"col\" class=\"number\">n</th></tr>\n" +
			"</thead>\n<tbody>\n<tr><td>Ana</td><td class=\"number\">1</td></tr>\n" +
			"<tr><td>Bo</td><td class=\"number\">2</td></tr>\n</tbody>\n</table>\n",
		table.CSV:      "name,period,n,since\nAna,a week,1,monday\nBo,a week,2,monday\n",
		table.Markdown: "a week\n\n| name |    n |\n| ---- | ---: |\n| Ana  |    1 |\n| Bo   |    2 |\n",
	} {
		var out bytes.Buffer
		if err := table.Write(&out, in, format); err != nil || out.String() != want {
			t.Errorf("%s: got %q, %v, want %q", format, out.String(), err, want)
		}
	}
	in.Rows = nil
	if shown, once := in.Shown(); once != "" || len(shown.Columns) != 2 {
		t.Errorf("without rows: got %q and %d columns, want none and 2", once, len(shown.Columns))
	}
}
