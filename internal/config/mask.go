package config

import (
	"regexp"
	"strings"
)

// A setting whose name says that its value is a secret: token, password, *secret*, *_key and the
// like.
const secretName = `(?:[A-Za-z0-9_.-]*(?:secret|password|passwd|passphrase|credential|signature)[A-Za-z0-9_.-]*|` +
	`(?:[A-Za-z0-9_.-]*[_.-])?(?:token|pwd|pass|key)|` +
	`[A-Za-z0-9_.-]*(?:apikey|accesskey|accesskeyid|access_key_id|database_url|token)|sig)`

var (
	secretKey = regexp.MustCompile(`(?i)^` + secretName + `$`)
	// secretEntry is such a name before its value, in a line of YAML or, with = instead of a colon,
	// elsewhere.
	secretEntry = regexp.MustCompile(`(?i)(^|[^A-Za-z0-9_.-])(["']?` + secretName + `["']?\s*[:=])(\s*)(\S.*)$`)
	// keyOnly is the beginning of a line of YAML up to a key's colon.
	keyOnly = regexp.MustCompile(`^(\s*(?:-\s+)*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*:)(\s*)(.*)$`)
)

// secret says whether a key's name says that its value is not to be shown.
func secret(key string) bool { return secretKey.MatchString(key) }

// maskedLine is a line of the file as an error shows it: the value of a secret, and a URL's
// password or signature, are xxxxx.
func maskedLine(line, key string) string {
	if secret(key) {
		if keyOnly.MatchString(line) {
			return maskedValues(line)
		}
		// A further line of its value.
		return line[:len(line)-len(strings.TrimLeft(line, " \t"))] + redacted
	}
	line = secretEntry.ReplaceAllString(line, "${1}${2}${3}"+redacted)
	if before, rest, ok := strings.Cut(line, ": "); ok {
		return before + ": " + RedactDSN(rest)
	}
	return RedactDSN(line)
}

// maskedValues is a line of the file with its key alone: what stands behind it may be anything.
func maskedValues(line string) string {
	m := keyOnly.FindStringSubmatch(line)
	switch {
	case m == nil:
		return ""
	case m[3] == "":
		return line
	}
	return RedactDSN(m[1]) + m[2] + redacted
}

// hidden is a message about a value, with the value redacted where it holds a secret.
func hidden(message, key, value string) string {
	shown := RedactDSN(value)
	if secret(key) {
		shown = redacted
	}
	if value == "" || shown == value {
		return message
	}
	return strings.ReplaceAll(message, value, shown)
}

var quotedText = regexp.MustCompile(`"[^"]{2,}"|'[^']{2,}'`)

// maskedSyntax is a message of the YAML parser without what it quotes from the file.
func maskedSyntax(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	return quotedText.ReplaceAllString(message, "“…”")
}
