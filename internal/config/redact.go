package config

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	// textURL is a URL within a text, up to a blank or a quote that no backslash precedes. Of its
	// slashes one is enough: a URL in the place of a path loses the other.
	textURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]+(?::iam)?:/+(?:[^\s"\\]|\\\S)*`)
	// textPassword is a URL's password, from the scheme to the last @. A user's name has no slash,
	// so that the time in s3://bucket/10:30@host.json is no password.
	textPassword = regexp.MustCompile(`^([A-Za-z0-9+.:-]+:/+[^\s/@:]*?(?::|%3[aA]))(.*)@`)
)

// RedactText returns a text for people, such as an error, with the passwords, tokens and signatures
// in its URLs replaced by xxxxx.
func RedactText(text string) string {
	if !strings.Contains(text, ":/") {
		return text
	}
	return textURL.ReplaceAllStringFunc(text, func(found string) string {
		found = textPassword.ReplaceAllString(found, "${1}"+redacted+"@")
		return secretParameter.ReplaceAllString(found, "${1}${2}${3}"+redacted)
	})
}

// A Redactor redacts texts that may repeat words of the command line. A word may hold blanks and
// quotes, which hide the end of a password from RedactText. The zero value knows no word.
type Redactor struct{ words *strings.Replacer }

// NewRedactor returns a Redactor for the words of a command line.
func NewRedactor(words []string) Redactor {
	var pairs []string
	for _, word := range words {
		forms := []string{word}
		if _, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(word, "-") {
			forms = append(forms, value) // of --flag=value
		}
		for _, form := range forms {
			// a path is cleaned before an error shows it
			for _, form := range []string{form, filepath.Clean(form)} {
				if shown := redactWord(form); shown != form {
					pairs = append(pairs, form, shown, quoted(form), quoted(shown))
				}
			}
		}
	}
	if len(pairs) == 0 {
		return Redactor{}
	}
	return Redactor{words: strings.NewReplacer(pairs...)}
}

// Text is RedactText that knows the words of the command line too.
func (r Redactor) Text(text string) string {
	if r.words != nil {
		text = r.words.Replace(text)
	}
	return RedactText(text)
}

// redactWord is a word of the command line without the secrets of a URL or of a key=value
// connection string.
func redactWord(word string) string {
	if at := textURL.FindStringIndex(word); at != nil {
		// all that follows belongs to the word, blanks and quotes too
		word = word[:at[0]] + wordPassword.ReplaceAllString(word[at[0]:], "${1}"+redacted+"@")
	}
	return secretParameter.ReplaceAllString(word, "${1}${2}${3}"+redacted)
}

// wordPassword is textPassword of a word, in which a password may have more than one line.
var wordPassword = regexp.MustCompile(`(?s)` + textPassword.String())

// quoted is a text as %q writes it, without the quotes.
func quoted(text string) string {
	out := strconv.Quote(text)
	return out[1 : len(out)-1]
}
