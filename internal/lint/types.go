package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// use says where a type is named.
type use int

const (
	inColumn   use = iota + 1 // the definition of a column
	inCast                    // CAST (x AS type), x::type
	inFunction                // an argument or the result of CREATE FUNCTION
	inLiteral                 // type 'text'
)

// typeName is a type where a statement names it.
type typeName struct {
	at int // index of its first token
	// in upper case, words joined by one blank, without size: DOUBLE PRECISION, TIMESTAMP WITH TIME
	// ZONE
	name  string
	args  []string // what stands in its brackets
	array bool     // ARRAY behind it; brackets have a rule of their own
	end   int      // index behind its last token
	use   use
}

// readType reads the type that begins at i; false when there is none.
func (u *unit) readType(i int) (typeName, bool) {
	t := typeName{at: i}
	if !u.named(i) {
		return t, false
	}
	last := u.last(i)
	name := u.text(i, last+1)
	name = strings.TrimPrefix(strings.ToUpper(name), "PG_CATALOG.")
	i = last + 1
	for _, pair := range [][2]string{
		{"DOUBLE", "PRECISION"}, {
			"CHARACTER", "VARYING",
		}, {"CHAR", "VARYING"}, {"NCHAR", "VARYING"}, {"BIT", "VARYING"}, {"BINARY", "VARYING"},
		{"NATIONAL", "CHARACTER"}, {"NATIONAL", "CHAR"},
	} {
		if name == pair[0] && u.is(i, pair[1]) {
			name += " " + pair[1]
			i++
			break
		}
	}
	if u.is(i, "(") {
		for _, item := range u.items(i, u.close(i)) {
			t.args = append(t.args, u.text(item[0], item[1]))
		}
		i = min(u.close(i)+1, len(u.tokens))
	}
	if name == "TIMESTAMP" || name == "TIME" {
		for _, zone := range []string{"WITH", "WITHOUT"} {
			if u.is(i, zone, "TIME", "ZONE") {
				name += " " + zone + " TIME ZONE"
				i += 3
			}
		}
	}
	if u.is(i, "ARRAY") {
		t.array = true
		i++
	}
	for u.is(i, "[") {
		i = min(u.close(i)+1, len(u.tokens))
	}
	t.name, t.end = name, i
	return t, true
}

// types returns the types that the statement names.
func (u *unit) types() []typeName {
	var types []typeName
	add := func(i int, where use) {
		if t, ok := u.readType(i); ok {
			t.use = where
			types = append(types, t)
		}
	}
	for _, c := range u.columns {
		if c.typ >= 0 {
			add(c.typ, inColumn)
		}
	}
	for i, t := range u.tokens {
		switch {
		case u.is(i, "::"):
			add(i+1, inCast)
		case u.is(i, "AS") && u.castAs(i):
			add(i+1, inCast)
		case t.Kind == sqlfile.KindString && t.Text[0] == '\'' && slices.Contains(
			literalTypes, u.word(i-1),
		) && !u.any(i-2, ".", "AS"):
			add(i-1, inLiteral)
		case u.verb == "ALTER TABLE" && u.is(i, "TYPE") && u.any(
			i-1, "DATA",
		) || u.verb == "ALTER TABLE" && u.is(i, "TYPE") && u.is(i-3, "COLUMN"):
			add(i+1, inColumn)
		}
	}
	if u.verb == "CREATE FUNCTION" && u.name >= 0 {
		if open := u.skipName(u.name); u.is(open, "(") {
			for _, item := range u.items(open, u.close(open)) {
				// With a name before it the argument is refused as a whole.
				if t, ok := u.readType(item[0]); ok && t.end == item[1] {
					add(item[0], inFunction)
				}
			}
			if end := u.close(open) + 1; u.is(end, "RETURNS") {
				add(end+1, inFunction)
			}
		}
	}
	return types
}

// castAs says whether the AS at i is that of a CAST.
func (u *unit) castAs(i int) bool {
	open := u.up[i]
	return open > 0 && u.any(open-1, "CAST", "TRY_CAST")
}

// literalTypes are types that PostgreSQL writes before a literal and Redshift lacks.
var literalTypes = []string{
	"JSON", "JSONB", "UUID", "BYTEA", "INET", "CIDR", "MACADDR", "MONEY", "XML", "POINT", "BOX",
	"INT4RANGE", "INT8RANGE", "TSRANGE", "DATERANGE", "TSVECTOR", "TSQUERY",
}

// shared are the types that both engines have.
var shared = []string{
	"SMALLINT", "INT2", "INTEGER", "INT", "INT4", "BIGINT", "INT8", "DECIMAL", "NUMERIC", "REAL",
	"FLOAT4", "DOUBLE PRECISION", "FLOAT8", "FLOAT",
	"BOOLEAN", "BOOL", "CHAR", "CHARACTER", "NCHAR", "BPCHAR", "VARCHAR", "CHARACTER VARYING",
	"CHAR VARYING", "TEXT", "DATE",
	"TIMESTAMP", "TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE",
	"TIME", "TIME WITHOUT TIME ZONE", "TIMETZ", "TIME WITH TIME ZONE", "INTERVAL",
}

// redshiftTypes are those that stand only inside /*redshift … */.
var redshiftTypes = []string{
	"SUPER", "VARBYTE", "VARBINARY", "BINARY VARYING", "GEOMETRY", "GEOGRAPHY", "HLLSKETCH",
	"NVARCHAR",
}

func checkType(u *unit, found func(int, string)) {
	for _, t := range u.types() {
		if u.kind(t.at) == sqlfile.KindVariable || slices.Contains(redshiftTypes, t.name) && u.marked(t.at) {
			continue
		}
		if t.array || !slices.Contains(shared, t.name) {
			found(t.at, "type "+u.text(t.at, t.end))
		}
	}
}

func checkUnsizedType(u *unit, found func(int, string)) {
	for _, t := range u.types() {
		// A function's types have no size on either engine.
		if len(t.args) > 0 || t.use == inFunction || t.array {
			continue
		}
		switch t.name {
		case "TEXT", "VARCHAR", "CHARACTER VARYING", "CHAR VARYING", "CHAR", "CHARACTER", "NCHAR",
			"BPCHAR", "NUMERIC", "DECIMAL":
			found(t.at, u.text(t.at, t.end)+" without a size")
		}
	}
}

func checkTypeSize(u *unit, found func(int, string)) {
	for _, t := range u.types() {
		if len(t.args) == 0 {
			continue
		}
		size, err := strconv.Atoi(t.args[0])
		scale := 0
		if len(t.args) > 1 && err == nil {
			scale, err = strconv.Atoi(t.args[1])
		}
		if err != nil {
			continue // VARCHAR(MAX) and the like; PostgreSQL refuses them
		}
		switch t.name {
		case "VARCHAR", "CHARACTER VARYING", "CHAR VARYING":
			if size > 65535 {
				found(t.at, u.text(t.at, t.end))
			}
		case "CHAR", "CHARACTER", "NCHAR", "BPCHAR":
			if size > 4096 {
				found(t.at, u.text(t.at, t.end))
			}
		case "NUMERIC", "DECIMAL":
			if size > 38 || scale > 37 || scale < 0 {
				found(t.at, u.text(t.at, t.end))
			}
		}
	}
}

func checkTimePrecision(u *unit, found func(int, string)) {
	for _, t := range u.types() {
		if len(t.args) > 0 && strings.HasPrefix(t.name, "TIME") {
			found(t.at, u.text(t.at, t.end))
		}
	}
}

func checkIntervalType(u *unit, found func(int, string)) {
	for _, t := range u.types() {
		if t.name == "INTERVAL" {
			found(t.at, "type INTERVAL")
		}
	}
}
