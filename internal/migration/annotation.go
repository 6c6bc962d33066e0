package migration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// The lines that part a migration.
const (
	upLine   = "-- +goose Up"
	downLine = "-- +goose Down"
)

// annotations are the words that goose knows behind "-- +goose", in lower case.
var annotations = []string{
	"up", "down", "statementbegin", "statementend", "no transaction", "envsub on", "envsub off",
}

// checkAnnotations refuses a migration that goose would refuse while it migrates, when earlier
// files are applied already. Like goose, it reads the file line by line.
func checkAnnotations(file *sqlfile.File) error {
	lines := strings.Split(file.Text(), "\n")
	if !slices.ContainsFunc(lines, func(line string) bool { return annotationOf(line) == "up" }) {
		return file.ErrorAt(1, 1, "the migration has no line "+upLine,
			fmt.Sprintf("add the line %s before the statements, and %s before the statements that revert "+
				"them", upLine, downLine), nil)
	}
	section := "" // up or down, "" before both
	for i, line := range lines {
		fault := func(msg, hint string) error {
			before := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
			return file.ErrorAt(i+1, len(before)+1, msg, hint, nil)
		}
		text := strings.TrimSpace(line)
		switch word := annotationOf(line); {
		case word == "" && section == "" && text != "" && !strings.HasPrefix(text, "--"):
			return fault("only lines that begin with -- may stand before "+upLine, "move it behind "+upLine)
		case word == "":
		case line[0] == ' ' || line[0] == '\t':
			return fault("an annotation of goose must begin its line", "remove the blanks before it")
		case !slices.Contains(annotations, word):
			return fault(fmt.Sprintf("goose has no annotation %q", strings.TrimSpace(word)),
				"write Up, Down, StatementBegin, StatementEnd or NO TRANSACTION behind -- +goose; any other comment "+
					"must not contain +goose")
		case word == "up" && section != "":
			return fault("there is a second line "+upLine, "remove the line, or move what follows to a new migration")
		case word == "down" && section == "":
			return fault(downLine+" stands before "+upLine, "write the part with "+upLine+" first")
		case word == "down" && section == word:
			return fault("there is a second line "+downLine, "remove the line")
		case word == "up" || word == "down":
			section = word
		case strings.HasPrefix(word, "statement") && section == "":
			return fault("a statement stands before "+upLine, "move it behind "+upLine)
		}
	}
	return nil
}

// withoutTransaction tells whether each statement of the file is committed by itself.
func withoutTransaction(file *sqlfile.File) bool {
	return slices.ContainsFunc(strings.Split(file.Text(), "\n"), func(line string) bool {
		return annotationOf(line) == "no transaction"
	})
}

// annotationOf is the annotation in a line, in lower case as goose reads it; "" where goose sees
// none. What is no annotation that goose knows is returned too, a blank where no word follows.
func annotationOf(line string) string {
	if !strings.HasPrefix(strings.TrimSpace(line), "--") || !strings.Contains(line, "+goose") {
		return ""
	}
	word := strings.Replace(strings.ReplaceAll(line, "--", ""), "+goose", "", 1)
	if word = strings.ToLower(strings.TrimSpace(word)); word == "" {
		return " "
	}
	return word
}
