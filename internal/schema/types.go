package schema

import (
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// aliases gives the names of types that format_type writes otherwise.
// https://www.postgresql.org/docs/15/datatype.html
var aliases = map[string]string{
	"int": "integer", "int4": "integer", "int2": "smallint", "int8": "bigint",
	"float4": "real", "float8": "double precision", "float": "double precision",
	"bool": "boolean", "decimal": "numeric", "dec": "numeric",
	"varchar": "character varying", "char varying": "character varying",
	"nchar varying": "character varying", "national character varying": "character varying",
	"national char varying": "character varying",
	"char":                  "character", "nchar": "character", "national character": "character",
	"national char": "character", "varbit": "bit varying",
	"timestamptz": "timestamp with time zone", "timetz": "time with time zone",
	"timestamp": "timestamp without time zone", "time": "time without time zone",
}

// redshiftAliases holds names that only Redshift knows.
// https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
var redshiftAliases = map[string]string{
	"text": "character varying", "nvarchar": "character varying",
	"varbyte": "binary varying", "varbinary": "binary varying",
}

// serials are the types of integer columns with a sequence of their own.
var serials = map[string]string{
	"serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
	"smallserial": "smallint", "serial2": "smallint",
}

// readType reads the type of a column as format_type writes it. serial says that the type brings
// NOT NULL and a default.
func (r *reader) readType() (name string, serial bool, err error) {
	at := r.at
	qualified := false
	name, ok := r.name()
	for ok && r.isOp(".") {
		r.at++
		qualified = true
		name, ok = r.name()
	}
	if !ok {
		r.at = min(at, len(r.tokens))
		return "", false, r.fail("expected the type of a column")
	}
	quoted := r.tokens[r.at-1].Kind == sqlfile.KindQuotedIdent
	if name == "char" && (quoted || qualified) {
		return r.arrays(`"char"`), false, nil // the internal type of one byte
	}
	if !quoted && !qualified {
		name = r.secondWord(name)
		if whole, ok := serials[name]; ok && r.engine != sqlfile.Redshift {
			return whole, true, nil
		}
	}
	var args []string
	if r.isOp("(") {
		inside, err := r.brackets()
		if err != nil {
			return "", false, err
		}
		for _, item := range items(inside) {
			args = append(args, strings.ReplaceAll(normalize(item), " ", "")) // "- 2" is one number
		}
	}
	if name == "interval" {
		return r.arrays(r.interval(args)), false, nil
	}
	if name == "time" || name == "timestamp" {
		if r.skip("WITH", "TIME", "ZONE") {
			name += " with time zone"
		} else {
			r.skip("WITHOUT", "TIME", "ZONE")
		}
	}
	return r.arrays(r.format(name, args, quoted || qualified)), false, nil
}

// secondWord reads the further words of a type's name.
func (r *reader) secondWord(name string) string {
	switch name {
	case "double":
		if r.skip("PRECISION") {
			return "double precision"
		}
	case "national":
		if r.skip("CHARACTER") || r.skip("CHAR") {
			name = "national char"
		}
	}
	switch name {
	case "character", "char", "nchar", "national char", "bit", "binary":
		if r.skip("VARYING") {
			return name + " varying"
		}
	}
	return name
}

// interval reads the fields that stand behind INTERVAL: DAY TO SECOND(3).
func (r *reader) interval(args []string) string {
	name := "interval"
	field := func() bool {
		if r.any("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND") {
			name += " " + lower(r.tokens[r.at].Text)
			r.at++
			return true
		}
		return false
	}
	if field() && r.skip("TO") {
		name += " to"
		field()
	}
	if r.isOp("(") {
		if inside, ok := r.closed(); ok {
			args = append(args, normalize(inside))
		}
	}
	if len(args) > 0 {
		name += "(" + args[0] + ")"
	}
	return name
}

// arrays reads [] and ARRAY behind a type. However many dimensions are declared, the type has one.
func (r *reader) arrays(name string) string {
	array := r.skip("ARRAY")
	for r.isOp("[") {
		array = true
		for !r.done() && !r.isOp("]") {
			r.at++
		}
		r.skipOp("]")
	}
	if array {
		return name + "[]"
	}
	return name
}

// format writes a type as format_type does. internal says that the name is quoted or qualified: it
// then names the type of the catalogue, which has no size unless one is given.
func (r *reader) format(name string, args []string, internal bool) string {
	redshift := r.engine == sqlfile.Redshift
	if name == "float" && len(args) == 1 {
		if bits, err := strconv.Atoi(args[0]); err == nil && bits <= 24 {
			return "real"
		}
		return "double precision"
	}
	if full, ok := aliases[name]; ok {
		name = full
	} else if full, ok := redshiftAliases[name]; ok && redshift {
		name = full
	} else if internal || !strings.Contains(name, " ") {
		name = quoteIdent(name)
	}
	if name == "bpchar" && (len(args) > 0 || redshift) {
		name = "character"
		if len(args) == 0 {
			args = []string{"256"}
		}
	}
	switch name {
	case "character", "bit":
		if len(args) == 0 && !internal {
			args = []string{"1"}
		}
	case "numeric":
		if redshift && len(args) == 0 {
			args = []string{"18"}
		}
		if len(args) == 1 {
			args = append(args, "0")
		}
	case "character varying":
		if redshift && len(args) == 0 {
			args = []string{"256"}
		}
	}
	if redshift && len(args) == 1 && args[0] == "max" {
		// https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
		switch name {
		case "character":
			args = []string{"4096"}
		case "character varying":
			args = []string{"65535"}
		}
	}
	if len(args) == 0 {
		return name
	}
	size := "(" + strings.Join(args, ",") + ")"
	if base, zone, ok := strings.Cut(name, " with"); ok && strings.HasPrefix(base, "time") {
		return base + size + " with" + zone
	}
	return name + size
}
