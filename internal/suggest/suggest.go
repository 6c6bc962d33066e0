// Package suggest finds the known word nearest to a misspelt one.
package suggest

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the word of known that word was most likely meant to be: the one with the
// smallest edit distance, the first of several, and "" when none is near. Case does not count, and
// neither do "-" and "_", which people swap.
func Nearest(word string, known []string) string {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "-") }
	word = fold(word)
	if word == "" {
		return ""
	}
	best, bestDistance := "", max(1, (len(word)+1)/3)+1
	for _, k := range known {
		folded := fold(k)
		if d := levenshtein.ComputeDistance(word, folded); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best != "" {
		return best
	}
	// A beginning says as much as a near miss: "mig" for "migrate".
	if len(word) >= 2 {
		for _, k := range known {
			if strings.HasPrefix(fold(k), word) {
				return k
			}
		}
	}
	return ""
}

// Hint returns `did you mean "migrate"?`, or, with nothing near, "one of: a, b, c" when the list is
// short enough to help, else "".
func Hint(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 || len(known) > 24 {
		return ""
	}
	return "one of: " + strings.Join(known, ", ")
}

// Note returns a hint with a note behind it, on a line of its own; without a hint, the note alone.
func Note(hint, note string) string {
	if hint == "" {
		return note
	}
	return hint + "\nnote: " + note
}
