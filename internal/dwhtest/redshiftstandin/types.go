package redshiftstandin

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// A dataType is a type of Redshift and what stands for it in PostgreSQL.
type dataType struct {
	sql    string
	text   bool // VARCHAR or CHAR
	ascii  bool // CHAR
	length int  // of text, in bytes
}

const (
	pageTypes     = "dg/c_Supported_data_types"
	pageCharacter = "dg/r_Character_types"
	pageNumeric   = "dg/r_Numeric_types201"
	pageNoTypes   = "dg/c_unsupported-postgresql-datatypes"
)

// dataType moves over the name of a type. column is for the error, "" in a CAST.
func (st *stmt) dataType(column string) (dataType, *refusal) {
	at := st.i
	word := st.word(at)
	st.i++
	plain := map[string]string{
		"SMALLINT": "SMALLINT", "INT2": "SMALLINT", "INTEGER": "INTEGER", "INT": "INTEGER",
		"INT4": "INTEGER", "BIGINT": "BIGINT", "INT8": "BIGINT",
		"REAL": "REAL", "FLOAT4": "REAL", "FLOAT8": "DOUBLE PRECISION", "FLOAT": "DOUBLE PRECISION",
		"BOOLEAN": "BOOLEAN", "BOOL": "BOOLEAN",
		"DATE": "DATE", "TIMESTAMPTZ": "TIMESTAMPTZ", "TIMETZ": "TIMETZ", "DATETIME": "TIMESTAMP",
	}
	var t dataType
	var r *refusal
	switch word {
	case "DOUBLE":
		if !st.accept("PRECISION") {
			return t, st.syntax(st.i, pageNumeric)
		}
		t.sql = "DOUBLE PRECISION"
	case "NUMERIC", "DECIMAL":
		t.sql = "NUMERIC(18,0)" // what the bare word means
		if st.text(st.i) == "(" {
			sizes, r := st.sizes(2)
			if r != nil {
				return t, r
			}
			scale := 0
			if len(sizes) == 2 {
				scale = sizes[1]
			}
			if sizes[0] < 1 || sizes[0] > 38 || scale > sizes[0] || scale > 37 {
				return t, st.refuse(
					at, "22023", pageNumeric,
					"DECIMAL precision %d must be between 1 and 38, and its scale at most 37",
					sizes[0],
				)
			}
			t.sql = fmt.Sprintf("NUMERIC(%d,%d)", sizes[0], scale)
		}
	case "VARCHAR", "NVARCHAR":
		t, r = st.textType(256, 65535, "VARCHAR")
	case "TEXT":
		t = dataType{sql: "VARCHAR(256)", text: true, length: 256}
		if st.text(st.i) == "(" {
			return t, st.syntax(st.i, pageCharacter)
		}
	case "CHARACTER", "CHAR", "NCHAR":
		if word != "NCHAR" && st.accept("VARYING") {
			t, r = st.textType(256, 65535, "VARCHAR")
			break
		}
		t, r = st.textType(1, 4096, "CHAR")
		t.ascii = true
	case "BPCHAR":
		t = dataType{sql: "CHAR(256)", text: true, ascii: true, length: 256}
	case "TIMESTAMP", "TIME":
		t.sql = word
		if st.text(st.i) == "(" {
			return t, st.refuse(st.i, "42601", "dg/r_Datetime_types", "%s takes no precision", word)
		}
		switch {
		case st.accept("WITH", "TIME", "ZONE"):
			t.sql += "TZ"
		case st.accept("WITHOUT", "TIME", "ZONE"):
		}
	default:
		t.sql = plain[word]
		if t.sql == "" {
			st.i = at
			if column == "" {
				return t, st.refuse(at, "0A000", pageNoTypes, "unsupported type %q", strings.ToLower(st.text(at)))
			}
			return t, st.refuse(
				at, "0A000", pageNoTypes, "Column %q has unsupported type %q.", column,
				strings.ToLower(st.text(at)),
			)
		}
		if st.text(st.i) == "(" {
			return t, st.syntax(st.i, pageTypes)
		}
	}
	if r == nil && st.text(st.i) == "[" {
		r = st.refuse(st.i, "0A000", pageNoTypes, "arrays are not supported")
	}
	return t, r
}

func (st *stmt) textType(size, limit int, name string) (dataType, *refusal) {
	t := dataType{text: true, length: size}
	at := st.i
	switch {
	case name == "VARCHAR" && st.phrase(st.i, "(", "MAX", ")"):
		st.i += 3
		t.length = limit
	case st.text(st.i) == "(":
		sizes, r := st.sizes(1)
		if r != nil {
			return t, r
		}
		t.length = sizes[0]
	}
	if t.length < 1 || t.length > limit {
		return t, st.refuse(
			at, "22023", pageCharacter, "length for type %s cannot exceed %d",
			strings.ToLower(name), limit,
		)
	}
	t.sql = name + "(" + strconv.Itoa(t.length) + ")"
	return t, nil
}

// sizes moves over (n) or (n, m).
func (st *stmt) sizes(most int) ([]int, *refusal) {
	st.i++ // (
	var out []int
	for {
		if st.over() || st.tokens[st.i].Kind != sqlfile.KindNumber {
			return nil, st.syntax(st.i, pageTypes)
		}
		n, err := strconv.Atoi(st.text(st.i))
		if err != nil || len(out) == most {
			return nil, st.syntax(st.i, pageTypes)
		}
		out = append(out, n)
		st.i++
		if st.accept(")") {
			return out, nil
		}
		if !st.accept(",") {
			return nil, st.syntax(st.i, pageTypes)
		}
	}
}
