package check

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/sparkify/dwh/internal/table"
)

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the results as the XML that CI servers read, times in seconds. A warning is a passed test with output.
func WriteJUnit(w io.Writer, results []Result) error {
	suite := junitSuite{Name: "dwh check"}
	var total float64
	for _, result := range results {
		one := junitCase{Class: "dwh.check." + string(result.Check.Severity), Name: result.Check.Name, Time: fmt.Sprintf("%.3f", result.Duration.Seconds())}
		total += result.Duration.Seconds()
		suite.Tests++
		var rows strings.Builder
		if result.Violations > 0 {
			if err := table.Write(&rows, result.Rows, table.Text); err != nil {
				return err
			}
		}
		switch result.Outcome() {
		case "off":
			suite.Skipped++
			one.Skipped = &junitMessage{Message: "turned off"}
		case "fail":
			suite.Failures++
			one.Failure = &junitMessage{Message: fmt.Sprintf("%s: %s", violations(result.Violations), result.Check.Description), Text: rows.String()}
		case "warn":
			one.Output = rows.String()
		}
		suite.Cases = append(suite.Cases, one)
	}
	suite.Time = fmt.Sprintf("%.3f", total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}
