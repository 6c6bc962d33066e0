package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

var (
	colonLine = regexp.MustCompile(`^--\s{0,2}([A-Za-z_]+(?:[ \t-]+[A-Za-z_]+)?)\s*:(?:\s|$)`)
	bareLine  = regexp.MustCompile(`(?i)^--\s{0,2}(left[ \t-]+joins?|[a-z]+)[ \t]+(\S.*?)\s*$`)
)

// misspelt explains a line of a header that is no word with a colon, but begins like one: with a
// blank in the word, such as "left join:", or without the colon. ok is false for a comment.
func misspelt(text string) (msg, hint string, ok bool) {
	const orComment = "; for a comment, put an empty line before it"
	if match := colonLine.FindStringSubmatch(text); match != nil {
		near := nearestWord(match[1], 2)
		return fmt.Sprintf("unknown word %q in the header", match[1]+":"),
			fmt.Sprintf("did you mean %q?", near+":"), near != ""
	}
	match := bareLine.FindStringSubmatch(text)
	if match == nil {
		return "", "", false
	}
	word := strings.ToLower(match[1])
	if slices.Contains(headerWords, word) {
		return fmt.Sprintf("%q needs a colon", word), fmt.Sprintf("write -- %s: %s", word, match[2]) + orComment, true
	}
	// A word that is only near begins a comment too, unless a relation follows it.
	if near := nearestWord(word, 1); near != "" && bySeparator.MatchString(match[2]) {
		return fmt.Sprintf("unknown word %q in the header", match[1]),
			fmt.Sprintf("write -- %s: %s", near, match[2]) + orComment, true
	}
	return "", "", false
}

// nearestWord is the header word within so many edits of a word, "" for none.
func nearestWord(word string, within int) string {
	word = strings.Join(strings.FieldsFunc(strings.ToLower(word), func(r rune) bool {
		return r == ' ' || r == '\t' ||
			r == '-'
	}), " ")
	near := ""
	for _, known := range headerWords {
		if d := levenshtein.ComputeDistance(word, known); d <= within {
			near, within = known, d-1
		}
	}
	return near
}
