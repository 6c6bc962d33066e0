package jsonpaths_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/jsonpaths"
)

func TestParseFile(t *testing.T) {
	tests := []struct {
		name string
		file string
		// paths in bracket notation, blank separated; "auto"; or "error: " and a part of the
		// message
		want string
	}{
		{"bracket", `{"jsonpaths": ["$['a']", "$['b']['c'][0]"]}`, "$['a'] $['b']['c'][0]"},
		{"dot", `{"jsonpaths": ["$.a", "$.b.c[0]", "$.d[1][2].e"]}`, "$['a'] $['b']['c'][0] $['d'][1][2]['e']"},
		{"root array", `{"jsonpaths": ["$[0]", "$[12]"]}`, "$[0] $[12]"},
		{"root array beside names", `{"jsonpaths": ["$[0]", "$[1]['a']"]}`, "$[0] $[1]['a']"},
		{"name with dots and quotes", `{"jsonpaths": ["$['a.b']", "$['it''s']"]}`, "$['a.b'] $['it''s']"},
		{"other keys beside", `{"comment": 1, "jsonpaths": ["$.a"]}`, "$['a']"},
		{"byte order mark", "\xef\xbb\xbf" + `{"jsonpaths": ["$.a"]}`, "$['a']"},
		{"other key", `{"jsonpath": ["$.a"]}`, "auto"},
		{"other case", `{"JSONPaths": ["$.a"]}`, "auto"},
		{"no key", `{}`, "auto"},
		{"empty file", ``, "error: it is empty"},
		{"malformed", `{"jsonpaths": ["$.a"`, "error: not one JSON object"},
		{"null", `null`, "error: null"},
		{"array", `["$.a"]`, "error: not one JSON object"},
		{"two objects", `{"jsonpaths": ["$.a"]} {"jsonpaths": ["$.a"]}`, "error: text after the object"},
		{"text outside", `{"jsonpaths": ["$.a"]} x`, "error: text after the object"},
		{"not an array", `{"jsonpaths": "$.a"}`, "error: not an array"},
		{"null paths", `{"jsonpaths": null}`, "error: not an array"},
		{"no paths", `{"jsonpaths": []}`, "error: empty"},
		{"number", `{"jsonpaths": ["$.a", 5]}`, `error: path 2: "5": not a string`},
		{"empty path", `{"jsonpaths": [""]}`, "error: empty path"},
		{"no dollar", `{"jsonpaths": ["a"]}`, "error: does not begin with $"},
		{"dollar only", `{"jsonpaths": ["$"]}`, "error: names no value"},
		{"mixed in one path", `{"jsonpaths": ["$.a['b']"]}`, "error: mixes dot and bracket"},
		{"mixed in one file", `{"jsonpaths": ["$.a", "$['b']"]}`, "error: mixes dot and bracket"},
		{"wildcard name", `{"jsonpaths": ["$.*"]}`, "error: wildcards"},
		{"wildcard index", `{"jsonpaths": ["$.a[*]"]}`, "error: wildcards"},
		{"filter", `{"jsonpaths": ["$.a[?(@.b)]"]}`, "error: filters"},
		{"descent", `{"jsonpaths": ["$..a"]}`, "error: recursive descent"},
		{"negative index", `{"jsonpaths": ["$[-1]"]}`, "error: neither an index nor"},
		{"unquoted name", `{"jsonpaths": ["$[a]"]}`, "error: neither an index nor"},
		{"unclosed", `{"jsonpaths": ["$['a"]}`, "error: [' without ']"},
		{"unclosed index", `{"jsonpaths": ["$[0"]}`, "error: [ without ]"},
		{"empty name", `{"jsonpaths": ["$['']"]}`, "error: empty name"},
		{"empty dot name", `{"jsonpaths": ["$.a."]}`, "error: empty name"},
		{"stray quote", `{"jsonpaths": ["$.a'b"]}`, "error: stray"},
		{"text after index", `{"jsonpaths": ["$[0]a"]}`, "error: where . or [ is expected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			paths, err := jsonpaths.ParseFile([]byte(test.file))
			got := "auto"
			if !paths.Auto {
				var words []string
				for _, p := range paths.Paths {
					words = append(words, p.String())
				}
				got = strings.Join(words, " ")
			}
			if part, ok := strings.CutPrefix(test.want, "error: "); ok {
				var perr *jsonpaths.Error
				if !errors.As(err, &perr) {
					t.Fatalf("%s: got error %v, want a *jsonpaths.Error", test.file, err)
				}
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%s: got error %q, want one that holds %q", test.file, err, part)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: got error %v, want %s", test.file, err, test.want)
			}
			if got != test.want {
				t.Errorf("%s: got %s, want %s", test.file, got, test.want)
			}
		})
	}
}
