package table

import "strings"

// Wrap breaks a text at blanks so that its lines take at most width terminal cells. The lines after
// the first begin with indent blanks. A word that is wider than a line stays whole, and so does
// what stands in double quotes where it fits into a line: paths, ids and commands can then be
// pasted. A width of 0 or less leaves the text as it is.
func Wrap(s string, width, indent int) string {
	if width <= 0 {
		return s
	}
	var out strings.Builder
	margin := strings.Repeat(" ", indent)
	for i, paragraph := range strings.Split(s, "\n") {
		if i > 0 {
			out.WriteString("\n" + margin)
		}
		used := 0
		if i > 0 {
			used = indent
		}
		lead := paragraph[:len(paragraph)-len(strings.TrimLeft(paragraph, " "))]
		out.WriteString(lead)
		used += len(lead)
		first := true
		for _, word := range wrapWords(paragraph, width-indent) {
			size := cellWidth(word)
			switch {
			case first:
			case used+1+size > width:
				out.WriteString("\n" + margin)
				used = indent
			default:
				out.WriteString(" ")
				used++
			}
			out.WriteString(word)
			used += size
			first = false
		}
	}
	lines := strings.Split(out.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// wrapWords splits a paragraph into the pieces that stay whole. A quoted text longer than longest
// falls into its words.
func wrapWords(paragraph string, longest int) []string {
	// By single blanks: a path may hold two in a row.
	fields := strings.Split(strings.TrimLeft(paragraph, " "), " ")
	var words []string
	for i := 0; i < len(fields); i++ {
		word := fields[i]
		if strings.Count(word, `"`)%2 == 1 {
			joined := word
			for j := i + 1; j < len(fields) && cellWidth(joined) <= longest; j++ {
				joined += " " + fields[j]
				if strings.Count(fields[j], `"`)%2 == 1 {
					if cellWidth(joined) <= longest {
						word, i = joined, j
					}
					break
				}
			}
		}
		words = append(words, word)
	}
	return words
}
