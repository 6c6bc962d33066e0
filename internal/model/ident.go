package model

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/catalogue"
)

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// reserved are words that PostgreSQL or Redshift does not take for a column's name as they stand
// (https://www.postgresql.org/docs/current/sql-keywords-appendix.html, dg/r_pg_keywords).
var reserved = strings.Fields(`
	aes128 aes256 all allowoverwrite analyse analyze and any array as asc asymmetric authorization backup
	between binary blanksasnull both bytedict bzip2 case cast check collate collation column concurrently
	connect constraint create credentials cross current_catalog current_date current_role current_schema
	current_time current_timestamp current_user current_user_id cursor default deferrable deflate defrag delta
	delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except explicit
	false fetch for foreign freeze from full globaldict256 globaldict64k grant group gzip having identity
	ignore ilike in initially inner intersect interval into is isnull join language lateral leading left like limit
	localtime localtimestamp lun luns lzo lzop minus mostly13 mostly32 mostly8 natural new not notnull null
	nulls off offline offset oid old on only open or order outer overlaps parallel partition percent
	permissions pivot placing primary raw readratio recover references rejectlog resort respect restore
	returning right select session_user similar snapshot some symmetric sysdate system table tablesample tag
	tdes text255 text32k then timestamp to top trailing true truncatecolumns type union unique unnest unpivot
	user using values variadic verbose wallet when where window with without`)

// ident writes a name, quoted only where it has to be, so that derived SQL reads well.
func ident(name string) string {
	if plainName.MatchString(name) && !slices.Contains(reserved, name) {
		return name
	}
	return catalogue.Name(name).SQL()
}

// qualified writes a table's name with its schema.
func qualified(schemaName, name string) string { return ident(schemaName) + "." + ident(name) }

// columns writes names with a prefix such as "r.".
func columns(prefix string, names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + ident(name)
	}
	return strings.Join(out, ", ")
}

// equal writes a.x = b.y AND … for columns of equal place.
func equal(a string, x []string, b string, y []string) string {
	out := make([]string, len(x))
	for i := range x {
		out[i] = a + "." + ident(x[i]) + " = " + b + "." + ident(y[i])
	}
	return strings.Join(out, " AND ")
}

// present writes x IS NOT NULL AND … .
func present(prefix string, names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = prefix + ident(name) + " IS NOT NULL"
	}
	return strings.Join(out, " AND ")
}
