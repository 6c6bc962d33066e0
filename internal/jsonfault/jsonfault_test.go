package jsonfault_test

import (
	"encoding/json"
	"testing"

	"github.com/sparkify/dwh/internal/jsonfault"
)

func TestDescribe(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{
			"{\n  \"entries\": [\n    {]\n",
			`line 3, column 6: invalid character ']' looking for beginning of object key string`,
		},
		{`{"entries": [`, `line 1, column 13: unexpected end of JSON input`},
		{``, `line 1, column 1: unexpected end of JSON input`},
		{"\n[]", `line 2: it is an array`},
		{"{\"entries\": [\n{\"url\": 12}]}", `line 2: entries.url is a number`},
		{`{"entries": "x"}`, `line 1: entries is a string`},
		{`{"entries": [{"mandatory": {}}]}`, `line 1: entries.mandatory is an object`},
	} {
		var into struct {
			Entries []struct {
				URL       string `json:"url"`
				Mandatory bool   `json:"mandatory"`
			} `json:"entries"`
		}
		err := json.Unmarshal([]byte(c.text), &into)
		if err == nil {
			t.Fatalf("%s: no error", c.text)
		}
		if got := jsonfault.Describe([]byte(c.text), err); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}
