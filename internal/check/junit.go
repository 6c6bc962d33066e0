package check

import (
	"fmt"
	"io"
	"strings"

	"github.com/sparkify/dwh/internal/junit"
	"github.com/sparkify/dwh/internal/table"
)

// WriteJUnit writes the results as the XML that CI servers read, times in seconds. A warning is a
// passed test with output.
func WriteJUnit(w io.Writer, results []Result) error {
	cases := make([]junit.Case, 0, len(results))
	for _, result := range results {
		c := junit.Case{Class: "dwh.check." + string(result.Check.Severity), Name: result.Check.Name,
			Duration: result.Duration}
		var rows strings.Builder
		if result.Violations > 0 {
			if err := table.Write(&rows, result.Rows, table.Text); err != nil {
				return err
			}
		}
		switch result.Outcome() {
		case "off":
			c.Skipped = &junit.Message{Message: "turned off"}
		case "fail":
			message := fmt.Sprintf("%s: %s", violations(result.Violations), result.Check.Description)
			if result.Check.Hint != "" {
				message += "; " + result.Check.Hint
			}
			c.Failure = &junit.Message{Message: message, Text: rows.String()}
		case "warn":
			c.Output = rows.String()
		}
		cases = append(cases, c)
	}
	return junit.Write(w, "dwh check", cases)
}
