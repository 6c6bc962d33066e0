package sqlfile

import (
	"slices"
	"strings"
)

// NamesAny tells whether SQL has one of the names, quoted or not, in any case, and outside strings
// and comments.
func NamesAny(sql string, names ...string) bool {
	return slices.ContainsFunc(Tokens(sql), func(t Token) bool {
		if t.Kind != KindWord && t.Kind != KindQuotedIdent {
			return false
		}
		return slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(t.Value(), name) })
	})
}
