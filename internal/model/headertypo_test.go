package model

import (
	"strings"
	"testing"
)

// A line that begins like a header word says what is wrong with it; a comment does not.
func TestMisspelt(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"-- left join: d_book by book_id", `unknown word "left join:" in the header did you mean "left joins:"?`},
		{"-- left-joins: d_book by book_id", `unknown word "left-joins:" in the header did you mean "left joins:"?`},
		{"-- joins d_book by book_id", `"joins" needs a colon write -- joins: d_book by book_id`},
		{"-- left joins d_book by book_id", `"left joins" needs a colon write -- left joins: d_book by book_id`},
		{
			"-- left join d_book by book_id",
			`unknown word "left join" in the header write -- left joins: d_book by book_id`,
		},
		{"-- join d_book by book_id", `unknown word "join" in the header write -- joins: d_book by book_id`},
		{"-- key loan_id", `"key" needs a colon write -- key: loan_id`},
		{"-- Pick version DESC", `"pick" needs a colon write -- pick: version DESC`},
		{"-- Join the books late.", ""},
		{"-- Books: not all are here", ""},
		{"-- Every loan has its book.", ""},
		{"-- see the guide: it explains", ""},
		{"--", ""},
	} {
		msg, hint, ok := misspelt(tt.line)
		hint, _, _ = strings.Cut(hint, "; for a comment")
		got := ""
		if ok {
			got = msg + " " + hint
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.line, got, tt.want)
		}
	}
}
