package schema

import (
	"slices"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// block reads DO. What its body does is known only when it runs: a table that a body with DDL names
// may have any columns afterwards.
func (b *builder) block(r *reader) {
	body := r.sub(flat(r.tokens))
	changes := slices.ContainsFunc(body.tokens, func(t sqlfile.Token) bool {
		return t.Is("ALTER") || t.Is("CREATE") || t.Is("DROP") || t.Is("EXECUTE")
	})
	for changes && !body.done() {
		made := body.skip("RENAME", "TO")
		if body.skip("TABLE") {
			made = body.at > 1 && (body.tokens[body.at-2].Is("CREATE") || body.tokens[body.at-2].Is("UNLOGGED"))
			body.skip("IF", "NOT", "EXISTS")
		}
		name, ok := body.qualified()
		if !ok {
			body.at++
			continue
		}
		switch t := b.find(name); {
		case t != nil:
			t.unknown, t.columns, t.key, t.keyName = true, nil, nil, ""
		case made:
			b.add(&table{relation: name, unknown: true}, false)
		}
	}
}

// flat are tokens with those of the texts among them: a body is a text, and EXECUTE runs another.
func flat(tokens []sqlfile.Token) []sqlfile.Token {
	var out []sqlfile.Token
	for _, t := range tokens {
		switch t.Kind {
		case sqlfile.KindComment, sqlfile.KindMarker:
		case sqlfile.KindString, sqlfile.KindDollarString:
			out = append(out, flat(sqlfile.Tokens(t.Value()))...)
		default:
			out = append(out, t)
		}
	}
	return out
}
