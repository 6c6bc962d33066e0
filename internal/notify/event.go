// Package notify tells a webhook what happens to a warehouse.
package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind is what happened.
type Kind string

// The kinds.
const (
	RunFailed   Kind = "run_failed"   // a command or a batch failed
	CheckFailed Kind = "check_failed" // a check of severity error found violations
	Quarantined Kind = "quarantined"  // the server gave an object up
	Recovered   Kind = "recovered"    // what failed works again
	Test        Kind = "test"         // somebody asked for a message
)

// Check is a check that failed.
type Check struct {
	Name       string `json:"name"`
	Violations int64  `json:"violations"` // how many rows it found
}

// Event is one message. In JSON its keys are these, and those without a value are left out.
type Event struct {
	Kind    Kind      `json:"event"`             // what happened; always set
	At      time.Time `json:"at"`                // when it happened; sent in UTC
	Target  string    `json:"target,omitempty"`  // the warehouse in words, without secrets
	Host    string    `json:"host,omitempty"`    // the machine that dwh runs on
	Version string    `json:"version,omitempty"` // the version of dwh
	Command string    `json:"command,omitempty"` // such as "run" or "serve"
	Object  string    `json:"object,omitempty"`  // URL of the object, for Quarantined and Recovered
	Checks  []Check   `json:"checks,omitempty"`  // the failed checks, for CheckFailed
	Error   string    `json:"error,omitempty"`   // why it failed, "" for none
	Hint    string    `json:"hint,omitempty"`    // what to do about it
}

// title is the event in a line.
func (e Event) title() string {
	subject := "dwh"
	if e.Command != "" {
		subject = "dwh " + e.Command
	}
	what := string(e.Kind)
	switch e.Kind {
	case RunFailed:
		what = "failed"
	case CheckFailed:
		what = "found violations"
	case Quarantined:
		what = "quarantined an object"
	case Recovered:
		what = "works again"
	case Test:
		what = "sends a test message"
	}
	return subject + " " + what
}

// text is the event for people.
func (e Event) text() string {
	lines := []string{e.title()}
	if e.Object != "" {
		lines = append(lines, "object: "+e.Object)
	}
	for _, check := range e.Checks {
		lines = append(lines, fmt.Sprintf("check %s: %d violations", check.Name, check.Violations))
	}
	for _, part := range [][2]string{{"error", e.Error}, {"hint", e.Hint}, {"warehouse", e.Target}, {"host", e.Host}} {
		if part[1] != "" {
			lines = append(lines, part[0]+": "+part[1])
		}
	}
	return strings.Join(lines, "\n")
}

// Format is the form of a message.
type Format string

// The formats.
const (
	JSON Format = "json" // an Event, with "text" for people
	// what Slack's incoming webhooks take, and Mattermost's and Discord's /slack
	Slack Format = "slack"
)

// Formats returns all formats, the default first.
func Formats() []string { return []string{string(JSON), string(Slack)} }

// longestText keeps a message far below what receivers take.
const longestText = 4000

// body renders an event.
func body(e Event, format Format) ([]byte, error) {
	e.At, e.Error = e.At.UTC(), cut(e.Error)
	if format == Slack {
		// https://api.slack.com/reference/surfaces/formatting: these three are its control
		// characters.
		text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(e.text())
		return json.Marshal(map[string]string{"text": text})
	}
	return json.Marshal(struct {
		Event
		Text string `json:"text"`
	}{e, e.text()})
}

// cut shortens a text by whole characters.
func cut(s string) string {
	if len(s) <= longestText {
		return s
	}
	return strings.ToValidUTF8(s[:longestText], "") + "…"
}
