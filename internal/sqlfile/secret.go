package sqlfile

import (
	"slices"
	"strings"
)

// Redact returns SQL text in which the literals after COPY's and UNLOAD's words for secrets
// (CREDENTIALS, ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, MASTER_SYMMETRIC_KEY) read
// 'xxxxx'. Role ARNs after IAM_ROLE are no secrets.
func Redact(sql string) string {
	return replaceSecrets(sql, func(string) string { return "'xxxxx'" })
}

// maskSecrets is Redact with as many x as the secret has characters, so that columns stay as they
// are.
func maskSecrets(sql string) string {
	return replaceSecrets(sql, func(literal string) string {
		return strings.Map(func(r rune) rune {
			if r == '\'' || r == '\n' || r == '\r' {
				return r
			}
			return 'x'
		}, literal)
	})
}

func replaceSecrets(sql string, replace func(literal string) string) string {
	if !mentionsSecret(sql) {
		return sql
	}
	secret := false
	return replaceNext(sql, &secret, replace)
}

// replaceNext takes and leaves in secret whether the next literal is a secret.
func replaceNext(sql string, secret *bool, replace func(literal string) string) string {
	var b strings.Builder
	done := 0
	// a secret's word stands before the /*postgres*/ that waits for its /*redshift … */
	waiting := false
	for _, t := range Tokens(sql) {
		switch {
		case t.Kind == KindComment:
		case t.Kind == KindMarker && !t.Unclosed:
			// A secret may stand in the text of a marker, after the marker's own word.
			switch markerWord(t.Text) {
			case "postgres":
				waiting = *secret
			case "redshift":
				*secret = *secret || waiting
				waiting = false
			}
			word := len("/*") + len(markerWord(t.Text))
			inner := t.Text[word : len(t.Text)-2]
			b.WriteString(sql[done : t.Start+word])
			b.WriteString(replaceNext(inner, secret, replace))
			done = t.End - 2
		case t.Kind == KindWord && isSecretWord(t.Text):
			*secret = true
		case *secret && t.Is("AS"):
		case *secret && (t.Kind == KindString || t.Kind == KindDollarString):
			b.WriteString(sql[done:t.Start])
			b.WriteString(replace(t.Text))
			done = t.End
			*secret = false
		default:
			*secret = false
		}
	}
	b.WriteString(sql[done:])
	return b.String()
}

var secretWords = []string{"CREDENTIALS", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "MASTER_SYMMETRIC_KEY"}

func isSecretWord(w string) bool { return slices.Contains(secretWords, strings.ToUpper(w)) }

// mentionsSecret says whether a secret's word stands anywhere in a text, which spares most texts
// the reading by tokens.
func mentionsSecret(sql string) bool {
	upper := strings.ToUpper(sql)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(upper, word) })
}
