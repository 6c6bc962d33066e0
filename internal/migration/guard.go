package migration

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A GuardError says that reverting would drop staged rows.
type GuardError struct {
	Tables []string // staging tables with rows to lose, sorted
}

func (e *GuardError) Error() string {
	return fmt.Sprintf(
		"this would drop the staged rows of %s, from which everything else is rebuilt",
		strings.Join(e.Tables, ", "),
	)
}

// Hint says how to do it all the same.
func (*GuardError) Hint() string {
	return "add --drop-staged-rows to drop them anyway; then only the source objects still hold these records"
}

// GuardStaging returns a *GuardError when the Down halves of the applied migrations above version
// would drop, empty or delete from a staging table that has rows: an s_ table, or another one with
// the flag.
func (m *Migrator) GuardStaging(ctx context.Context, version int64) error {
	all, err := m.Status(ctx)
	if err != nil {
		return err
	}
	schema, err := catalogue.CurrentSchema(ctx, m.pool)
	if err != nil {
		return err
	}
	there, err := catalogue.Read(ctx, m.pool, m.engine, schema)
	if err != nil {
		return err
	}
	var lost []string
	for _, migration := range all {
		if !migration.Applied || migration.Version <= version {
			continue
		}
		text, err := m.SQL(ctx, migration.Version, false)
		if err != nil {
			return err
		}
		for _, name := range emptied(text) {
			table, exists := there[catalogue.Name(name)]
			if !exists || !isStaging(name, table.Has("processed")) || slices.Contains(lost, name) {
				continue
			}
			var has bool
			if err := m.reading(ctx, func(ctx context.Context) error {
				return m.pool.QueryRow(ctx, catalogue.HasRows(table)).Scan(&has)
			}); err != nil {
				return fmt.Errorf("look for staged rows in %s: %w", name, err)
			}
			if has {
				lost = append(lost, name)
			}
		}
	}
	if len(lost) > 0 {
		sort.Strings(lost)
		return &GuardError{Tables: lost}
	}
	return nil
}

// emptied returns the tables that the text drops, truncates, renames away or deletes from. The list
// holds other words of the text too, which name no table.
func emptied(text string) []string {
	var out []string
	var words []string // of the statement so far
	for _, token := range sqlfile.Tokens(text) {
		switch token.Kind {
		case sqlfile.KindSemicolon:
			words = nil
		case sqlfile.KindWord, sqlfile.KindQuotedIdent:
			word := strings.ToLower(token.Value())
			if len(words) > 0 && loses(words) && !slices.Contains(out, word) {
				out = append(out, word)
			}
			words = append(words, word)
		}
	}
	return out
}

// loses tells whether a statement that begins with these words loses rows of the table named next.
// A DELETE may stand in a WITH.
func loses(words []string) bool {
	if words[len(words)-1] == "only" {
		words = words[:len(words)-1]
	}
	if n := len(words); n >= 2 && words[n-2] == "delete" && words[n-1] == "from" {
		return true
	}
	if len(words) == 0 {
		return false
	}
	switch words[0] {
	case "truncate":
		return true
	case "drop":
		return len(words) > 1 && (words[1] == "table" || words[1] == "schema")
	case "alter":
		return slices.Contains(words, "rename") && slices.Contains(words, "to")
	}
	return false
}
