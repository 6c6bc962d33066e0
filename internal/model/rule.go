package model

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/schema"
)

// A RuleKind tells rules apart.
type RuleKind int

// The kinds of rules.
const (
	RuleUnique  RuleKind = iota // no key stands twice
	RulePresent                 // no column of the key is NULL
	RuleExists                  // the values of columns exist in another table
)

// A Rule is something that a stored model's header says of the rows of its table, and that a check
// follows from.
type Rule struct {
	Kind RuleKind // what the rule says; the zero value is RuleUnique
	// Name is the check's: f_order-unique, f_order-key, f_order-store_id. It has at most 127 bytes.
	Name    string
	Table   string
	Step    string   // the model's file, without .sql
	Key     []string // of the table
	Columns []string // that refer, of RuleExists
	To      string   // the table that they refer to
	There   []string // its columns that hold their values, in the order of Columns
	Warn    bool     // a row that breaks the rule is a warning and no error

	keyed bool // There holds the key of To
}

// Rules are what the headers of stored models say of their tables, in the models' order. tables are
// those that migrations make; of a table that is not among them, a name with d_ or f_ in front says
// that it is stored, and a model's header which columns it has. A wrong reference is a
// *sqlfile.Error.
func Rules(models []*Model, tables schema.Schema) ([]Rule, error) {
	var out []Rule
	for _, m := range models {
		if _, made := tables[m.Name]; m.Kind == Script || len(m.Key) == 0 || !made && !layered(m.Name) {
			continue
		}
		rule := func(kind RuleKind, rest string) Rule {
			return Rule{Kind: kind, Name: shortened(m.Name + "-" + rest), Table: m.Name, Step: m.Step, Key: m.Key}
		}
		own := []Rule{rule(RuleUnique, "unique"), rule(RulePresent, "key")}
		for _, ref := range m.Refers {
			item := rule(RuleExists, strings.Join(ref.Columns(), "-"))
			if slices.ContainsFunc(own, func(r Rule) bool { return r.Name == item.Name }) {
				// Two tables have these values, or the column is called key.
				item.Name = shortened(item.Name + "-" + ref.Table)
			}
			item.Columns, item.To, item.Warn = ref.Columns(), ref.Table, ref.Warn
			for _, pair := range ref.By { // as far as the line tells
				item.There = append(item.There, cmp.Or(pair.There, pair.Here))
			}
			if t, known := targetOf(ref.Table, tables, models); known {
				there, problem, hint := ref.lookedUpIn(m.Name, t)
				if problem != "" {
					return nil, m.errorAt(ref.at, problem, hint)
				}
				item.There, item.keyed = there, len(t.key) > 0 && subset(t.key, there)
			}
			own = append(own, item)
		}
		out = append(out, own...)
	}
	return out, nil
}

// layered tells whether a name is that of a dimension or a fact.
func layered(name string) bool { return strings.HasPrefix(name, "d_") || strings.HasPrefix(name, "f_") }

// longestRule is how many bytes the name of a check may have in the journal (dwh_check).
const longestRule = 127

// shortened is a name that fits into the journal.
func shortened(name string) string {
	if len(name) <= longestRule {
		return name
	}
	sum := fnv.New32a()
	sum.Write([]byte(name))
	return fmt.Sprintf("%s_%08x", name[:longestRule-9], sum.Sum32())
}

// Description says what the rule demands, such as "f_order: no order_id twice".
func (r Rule) Description() string {
	key := strings.Join(r.Key, ", ")
	switch r.Kind {
	case RuleUnique:
		return fmt.Sprintf("%s: no %s twice", r.Table, key)
	case RulePresent:
		return fmt.Sprintf("%s: no NULL in %s", r.Table, key)
	default:
		text := fmt.Sprintf("%s: every %s is in %s", r.Table, strings.Join(r.Columns, ", "), r.To)
		if !slices.Equal(r.Columns, r.There) {
			text += " as " + strings.Join(r.There, ", ")
		}
		return text
	}
}

// Hint says what to do where the rule demands too much. It is "" where it never does.
func (r Rule) Hint() string {
	if r.Kind != RuleExists || r.Warn {
		return ""
	}
	return fmt.Sprintf("if %s may arrive later, write (warn) after refers: %s by %s in %s.sql",
		r.To, r.To, strings.Join(r.Columns, ", "), r.Step)
}

// Countable tells whether CountBroken counts the rule: each row keeps or breaks it by itself, and
// of a few rows the count does not read all of the table that they refer to.
func (r Rule) Countable(p Place) bool {
	return r.Kind == RulePresent || r.Kind == RuleExists && (r.keyed || p.Rows == "")
}
