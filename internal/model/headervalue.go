package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// list cuts a value at its commas.
func list(value string) []string {
	var out []string
	for _, part := range strings.Split(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// names reads a list of columns.
func names(value string) ([]string, error) {
	out := list(value)
	if len(out) == 0 {
		return nil, fmt.Errorf("names no column")
	}
	seen := map[string]bool{}
	for _, name := range out {
		if !columnName.MatchString(name) {
			return nil, fmt.Errorf("%q is not the name of a column", name)
		}
		if seen[name] {
			return nil, fmt.Errorf("%s is named twice", name)
		}
		seen[name] = true
	}
	return out, nil
}

// orders reads the columns of `pick:`.
func orders(value string) ([]Order, error) {
	var out []Order
	for _, part := range list(value) {
		words := strings.Fields(part)
		order := Order{Column: words[0]}
		switch {
		case !columnName.MatchString(words[0]):
			return nil, fmt.Errorf("%q is not the name of a column", words[0])
		case len(words) == 2 && strings.EqualFold(words[1], "desc"):
			order.Desc = true
		case len(words) == 2 && strings.EqualFold(words[1], "asc"), len(words) == 1:
		default:
			return nil, fmt.Errorf("%q is not a column with DESC or ASC", part)
		}
		for _, other := range out {
			if other.Column == order.Column {
				return nil, fmt.Errorf("%s is named twice", order.Column)
			}
		}
		out = append(out, order)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("names no column")
	}
	return out, nil
}

// relationBy reads "relation by x, y". separator stands between the two names of a pair.
func relationBy(value string, separator *regexp.Regexp) (relation string, by []Pair, err error) {
	parts := bySeparator.Split(value, 2)
	relation = strings.TrimSpace(parts[0])
	if !columnName.MatchString(relation) {
		return "", nil, fmt.Errorf("%q is not the name of a relation", relation)
	}
	if len(parts) == 1 {
		return relation, nil, nil
	}
	for _, part := range list(parts[1]) {
		both := separator.Split(part, 2)
		pair := Pair{There: strings.TrimSpace(both[0]), Here: strings.TrimSpace(both[len(both)-1])}
		if !columnName.MatchString(pair.There) || !columnName.MatchString(pair.Here) {
			return "", nil, fmt.Errorf("%q is neither a column nor a pair of columns", part)
		}
		for _, other := range by {
			if other.Here == pair.Here && separator == asSeparator ||
				other.There == pair.There && separator != asSeparator {
				return "", nil, fmt.Errorf("%q names a column that is already in the list", part)
			}
		}
		by = append(by, pair)
	}
	if len(by) == 0 {
		return "", nil, fmt.Errorf("by needs a column")
	}
	return relation, by, nil
}

// same tells whether two references say the same of the same columns.
func (r Reference) same(other Reference) bool {
	return r.Table == other.Table && slices.Equal(r.Columns(), other.Columns())
}

// references reads "d_x by a, b = c, d_y by d (warn)": a part without by is a further column of the
// reference before it. Of "b = c", b is the column of d_x.
func references(value string) ([]Reference, error) {
	var out []Reference
	for _, part := range list(value) {
		warn := warnReminder.MatchString(part)
		part = warnReminder.ReplaceAllString(part, "")
		columns := part
		if both := bySeparator.Split(part, 2); len(both) == 2 {
			out = append(out, Reference{Table: strings.TrimSpace(both[0])})
			columns = strings.TrimSpace(both[1])
			if !columnName.MatchString(out[len(out)-1].Table) {
				return nil, fmt.Errorf("%q is not the name of a table", out[len(out)-1].Table)
			}
		}
		there, here, paired := strings.Cut(columns, "=")
		pair := Pair{There: strings.TrimSpace(there), Here: strings.TrimSpace(here)}
		if !paired {
			pair = Pair{Here: columns}
		}
		if len(out) == 0 || !columnName.MatchString(pair.Here) || paired && !columnName.MatchString(pair.There) {
			return nil, fmt.Errorf("%q is not TABLE by COLUMN", part)
		}
		last := &out[len(out)-1]
		if slices.Contains(last.Columns(), pair.Here) {
			return nil, fmt.Errorf("%s is named twice after %s by", pair.Here, last.Table)
		}
		last.By = append(last.By, pair)
		last.Warn = last.Warn || warn
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("names no table")
	}
	return out, nil
}
