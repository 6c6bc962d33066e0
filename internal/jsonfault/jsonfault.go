// Package jsonfault says in plain words what is wrong with JSON that people write.
package jsonfault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Describe says where and why encoding/json did not take data: "line 3, column 7: invalid character
// '}' …", "line 2: entries.url is a number". Lines and columns, in bytes, begin with 1.
func Describe(data []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		line, column := position(data, syntax.Offset)
		return fmt.Sprintf("line %d, column %d: %s", line, column, syntax.Error())
	case errors.As(err, &kind):
		line, _ := position(data, kind.Offset)
		what, _, _ := strings.Cut(kind.Value, " ") // without the digits of a number
		article := "a "
		if strings.ContainsAny(what[:1], "aeiou") {
			article = "an "
		}
		field := kind.Field
		if field == "" {
			field = "it"
		}
		return fmt.Sprintf("line %d: %s is %s%s", line, field, article, what)
	}
	return err.Error()
}

// position is the line and the column of the byte that offset counts, from 1.
func position(data []byte, offset int64) (line, column int) {
	before := data[:min(max(offset-1, 0), int64(len(data)))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}
