package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// reserved are Redshift's reserved words as dg/r_pg_keywords lists them, system columns apart.
var reserved = strings.Fields(`
	AES128 AES256 ALL ALLOWOVERWRITE ANALYSE ANALYZE AND ANY ARRAY AS ASC AUTHORIZATION AZ64 BACKUP BETWEEN BINARY BLANKSASNULL BOTH BYTEDICT
	BZIP2 CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE CREDENTIALS CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER
	CURRENT_USER_ID DEFAULT DEFERRABLE DEFLATE DEFRAG DELTA DELTA32K DESC DISABLE DISTINCT DO ELSE EMPTYASNULL ENABLE ENCODE ENCRYPT ENCRYPTION
	END EXCEPT EXPLICIT FALSE FOR FOREIGN FREEZE FROM FULL GLOBALDICT256 GLOBALDICT64K GRANT GROUP GZIP HAVING IDENTITY IGNORE ILIKE IN
	INITIALLY INNER INTERSECT INTERVAL INTO IS ISNULL JOIN LEADING LEFT LIKE LIMIT LOCALTIME LOCALTIMESTAMP LUN LUNS LZO LZOP MINUS MOSTLY16
	MOSTLY32 MOSTLY8 NATURAL NEW NOT NOTNULL NULL NULLS OFF OFFLINE OFFSET OLD ON ONLY OPEN OR ORDER OUTER OVERLAPS PARALLEL PARTITION PERCENT
	PERMISSIONS PIVOT PLACING PRIMARY RAW READRATIO RECOVER REFERENCES REJECTLOG RESORT RESPECT RESTORE RIGHT SELECT SESSION_USER SIMILAR
	SNAPSHOT SOME SYSDATE SYSTEM TABLE TAG TDES TEXT255 TEXT32K THEN TIMESTAMP TO TOP TRAILING TRUE TRUNCATECOLUMNS UNION UNIQUE UNNEST UNPIVOT
	USER USING VERBOSE WALLET WHEN WHERE WITH WITHOUT`)

func checkReservedWord(u *unit, found func(int, string)) {
	for _, i := range u.definitions() {
		if slices.Contains(reserved, u.word(i)) {
			found(i, fmt.Sprintf("name %s", u.tokens[i].Text))
		}
	}
}

// systemColumns are PostgreSQL's hidden columns.
var systemColumns = []string{"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}

func checkSystemColumn(u *unit, found func(int, string)) {
	for i, t := range u.tokens {
		name := t.Kind == sqlfile.KindWord || t.Kind == sqlfile.KindQuotedIdent
		if name && slices.Contains(
			systemColumns, strings.ToLower(t.Value()),
		) && !u.is(i+1, "(") && !u.is(i+1, ".") && !u.is(i-1, "::") {
			found(i, "column "+t.Text)
		}
	}
}

func checkQuotedCase(u *unit, found func(int, string)) {
	for i, t := range u.tokens {
		if t.Kind == sqlfile.KindQuotedIdent && strings.ContainsAny(
			t.Value(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		) && !u.is(i-1, "COLLATE") {
			found(i, "name "+t.Text)
		}
	}
}

// maxName is how many bytes of a name PostgreSQL keeps (NAMEDATALEN - 1).
const maxName = 63

func checkNameLength(u *unit, found func(int, string)) {
	for _, i := range u.definitions() {
		if t := u.tokens[i]; t.Kind != sqlfile.KindVariable && len(t.Value()) > maxName {
			found(i, fmt.Sprintf("name of %d bytes", len(t.Value())))
		}
	}
}

func checkBackslash(u *unit, found func(int, string)) {
	for i, t := range u.tokens {
		if t.Kind == sqlfile.KindString && strings.Contains(t.Text, `\`) && t.Text[0] == '\'' && !u.marked(i) {
			found(i, "backslash in a literal")
		}
	}
}

func checkLiteralPrefix(u *unit, found func(int, string)) {
	for i, t := range u.tokens {
		switch {
		case t.Kind == sqlfile.KindString && t.Text[0] != '\'':
			found(i, "literal "+t.Text[:1]+"'…'")
		case u.is(
			i, "U", "&",
		) && u.tokens[i+1].Start == t.End && (u.kind(
			i+2,
		) == sqlfile.KindString || u.kind(i+2) == sqlfile.KindQuotedIdent) &&
			u.tokens[i+2].Start == u.tokens[i+1].End:
			found(i, "literal U&'…'")
		}
	}
}
