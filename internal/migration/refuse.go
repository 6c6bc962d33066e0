package migration

import (
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// refuseVariables returns an error where a migration uses a variable of psql: no value reaches it.
func refuseVariables(files []*sqlfile.File) error {
	for _, file := range files {
		for _, engine := range []sqlfile.Engine{sqlfile.Postgres, sqlfile.Redshift} {
			for _, statement := range file.Statements(engine) {
				start, end, found := variable(statement.SQL())
				if !found {
					continue
				}
				return statement.ErrorAt(
					start, "a migration has no variables, and "+statement.SQL()[start:end]+" is one",
					"write the value itself; variables: reaches transforms, checks and reports alone", nil,
				)
			}
		}
	}
	return nil
}

// variable finds :'x', :"x" or :x outside brackets, where a slice of an array has a colon.
func variable(text string) (start, end int, found bool) {
	depth := 0
	tokens := sqlfile.Tokens(text)
	for i, t := range tokens {
		switch {
		case t.Text == "[":
			depth++
		case t.Text == "]":
			depth--
		case depth > 0:
		case t.Kind == sqlfile.KindVariable:
			return t.Start, t.End, true
		case t.Text == ":" && i+1 < len(tokens) && tokens[i+1].Kind == sqlfile.KindWord && tokens[i+1].Start == t.End:
			return t.Start, tokens[i+1].End, true
		}
	}
	return 0, 0, false
}

// refuseSearchPath returns an error where a migration leaves a search_path behind: dwh would not
// find its own tables, and the migrations that follow would write elsewhere.
func refuseSearchPath(files []*sqlfile.File, engine sqlfile.Engine) error {
	for _, file := range files {
		for _, section := range []string{"up", "down"} {
			var left error
			for _, statement := range file.Statements(engine) {
				if statement.Section() != section {
					continue
				}
				at, is := searchPath(statement)
				switch is {
				case pathReset, pathKept:
					left = nil
				case pathLeft:
					left = statement.ErrorAt(
						at, "search_path stays changed after this migration, so that dwh does not find its own "+
							"tables, and later migrations write elsewhere",
						"remove the statement, and write the schema before the names of tables; or end the "+
							"section with RESET search_path;", nil,
					)
				}
			}
			if left != nil {
				return left
			}
		}
	}
	return nil
}

// What a statement does to search_path.
type pathEffect int

const (
	pathUnset pathEffect = iota // nothing
	pathReset                   // the connection's own again
	pathKept                    // changed up to the end of the transaction, with schemas of tables
	pathLeft                    // changed
)

// searchPath tells what a statement does to search_path, and where.
func searchPath(statement sqlfile.Statement) (at int, is pathEffect) {
	text, shift := statement.SQL(), 0
	tokens := withoutComments(sqlfile.Tokens(text))
	switch statement.Keyword() {
	case "RESET", "DISCARD":
		if len(tokens) > 1 && (tokens[1].Is("search_path") || tokens[1].Is("all")) {
			return 0, pathReset
		}
		return 0, pathUnset
	case "SET":
		return setPath(tokens, 0)
	case "CREATE", "ALTER", "COMMENT":
		return 0, pathUnset // a function may have a search_path of its own
	case "DO":
		for _, t := range tokens {
			if t.Kind == sqlfile.KindDollarString {
				shift = t.Start + strings.Index(t.Text, t.Value())
				tokens = withoutComments(sqlfile.Tokens(t.Value()))
				break
			}
		}
	}
	for i, t := range tokens {
		found, effect := 0, pathUnset
		switch {
		case statement.Keyword() == "DO" && t.Is("set"):
			found, effect = setPath(tokens, i)
		case t.Is("set_config") && i+2 < len(tokens) && strings.EqualFold(tokens[i+2].Value(), "search_path"):
			found, effect = t.Start, pathLeft
			local := i+6 < len(tokens) && tokens[i+5].Text == "," && strings.EqualFold(tokens[i+6].Value(), "true")
			if local && !blank(tokens[i+4:i+5]) {
				effect = pathKept
			}
		}
		if effect != pathUnset {
			at, is = shift+found, effect
		}
	}
	return at, is
}

// setPath reads a SET that begins at token i.
func setPath(tokens []sqlfile.Token, i int) (at int, is pathEffect) {
	end := slices.IndexFunc(tokens[i:], func(t sqlfile.Token) bool { return t.Kind == sqlfile.KindSemicolon })
	if end < 0 {
		end = len(tokens) - i
	}
	set := tokens[i : i+end]
	local := len(set) > 1 && set[1].Is("local")
	name := 1
	if local || len(set) > 1 && set[1].Is("session") {
		name = 2
	}
	switch {
	case len(set) > name+2 && set[name].Is("search_path"):
		name += 2
	case len(set) > name+1 && set[name].Is("schema") && set[name+1].Kind == sqlfile.KindString:
		name++
	default:
		return 0, pathUnset
	}
	switch {
	case set[name].Is("default"):
		return set[0].Start, pathReset
	case local && !blank(set[name:]):
		return set[0].Start, pathKept
	}
	return set[0].Start, pathLeft
}

// blank tells whether a search_path has no schema that tables of a project stand in.
func blank(values []sqlfile.Token) bool {
	for _, t := range values {
		for name := range strings.SplitSeq(strings.ToLower(t.Value()), ",") {
			if name = strings.TrimSpace(name); name != "" && name != "pg_catalog" && name != "pg_temp" {
				return false
			}
		}
	}
	return true
}

func withoutComments(tokens []sqlfile.Token) []sqlfile.Token {
	return slices.DeleteFunc(tokens, func(t sqlfile.Token) bool {
		return t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker
	})
}
