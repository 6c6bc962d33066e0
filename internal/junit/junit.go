// Package junit writes results as the JUnit XML that CI servers read.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"time"
)

// A Case is one result.
type Case struct {
	Class    string // the group that it belongs to, such as dwh.test
	Name     string
	Duration time.Duration // how long it took; written in seconds
	// At most one of these is set.
	Failure, Error, Skipped *Message
	Output                  string // of a case that passed
}

// A Message says why.
type Message struct {
	Message string // the reason, in one line
	Text    string // the details; "" for none
}

type suite struct {
	XMLName  xml.Name   `xml:"testsuite"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Errors   int        `xml:"errors,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Time     string     `xml:"time,attr"`
	Cases    []caseElem `xml:"testcase"`
}

type caseElem struct {
	Class   string       `xml:"classname,attr"`
	Name    string       `xml:"name,attr"`
	Time    string       `xml:"time,attr"`
	Failure *messageElem `xml:"failure,omitempty"`
	Error   *messageElem `xml:"error,omitempty"`
	Skipped *messageElem `xml:"skipped,omitempty"`
	Output  string       `xml:"system-out,omitempty"`
}

type messageElem struct {
	Message string `xml:"message,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func (m *Message) elem() *messageElem {
	if m == nil {
		return nil
	}
	return &messageElem{Message: m.Message, Text: m.Text}
}

// Write writes a suite with its cases. Times are in seconds.
func Write(w io.Writer, name string, cases []Case) error {
	out := suite{Name: name, Tests: len(cases)}
	var total time.Duration
	for _, c := range cases {
		total += c.Duration
		if c.Failure != nil {
			out.Failures++
		}
		if c.Error != nil {
			out.Errors++
		}
		if c.Skipped != nil {
			out.Skipped++
		}
		out.Cases = append(out.Cases, caseElem{
			Class: c.Class, Name: c.Name, Time: seconds(
				c.Duration,
			), Failure: c.Failure.elem(), Error: c.Error.elem(),
			Skipped: c.Skipped.elem(), Output: c.Output,
		})
	}
	out.Time = seconds(total)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return fmt.Errorf("write JUnit: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
