package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's template and style
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/table"
)

// Document is reports to keep: one, or many in one file.
type Document struct {
	Title    string    // of the page or text
	Target   string    // the warehouse, without secrets
	When     time.Time // the moment of the snapshot; shown in UTC
	Sections []Section // the reports, in the order of the document
	LeftOut  []LeftOut // the reports that could not run; nil for none
}

// Section is one report in a document.
type Section struct {
	Name, Description string      // name and description of the report
	Title             string      // as the report's header says it; "" for none
	Values            string      // the parameters it ran with, for people; "" for none
	Table             table.Table // its result, or its first rows
}

// Heading is the section's title, else its name.
func (s Section) Heading() string {
	if s.Title != "" {
		return s.Title
	}
	return s.Name
}

// LeftOut is a report that could not run. Name is its name, Reason says why, for people.
type LeftOut struct{ Name, Reason string }

// mostRows is how many rows of each table a page of several reports holds: such a page is read and
// printed, the whole of a long table is for csv and json. A page of one report holds them all.
const mostRows = 100

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

type page struct {
	Title, Target string
	When          time.Time
	Policy        string
	Style         template.CSS
	Single        *pageSection
	Sections      []pageSection
	LeftOut       []LeftOut
}

type pageSection struct {
	ID, Name, Title, Description, Values string
	Chart, NarrowChart, HTML             template.HTML
	Short                                bool // the table fits on a printed page
	More                                 string
}

// shortTable is how many rows of a table a printed page holds together.
const shortTable = 25

// narrowChart is the width in pixels of a chart on a phone.
const narrowChart = 340

// HTML returns one page that needs nothing else: no script, no font, no picture from anywhere,
// which its own policy makes sure of. Light and dark follow the reader's system; printed it is
// light.
func (d Document) HTML() ([]byte, error) {
	style := "\n" + pageStyle + chart.Stylesheet()
	hash := sha256.Sum256([]byte(style))
	p := page{
		Title: table.Visible(d.Title), Target: table.Visible(d.Target), When: d.When.UTC(),
		Policy: fmt.Sprintf(
			"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
			base64.StdEncoding.EncodeToString(hash[:]),
		),
		Style: template.CSS(style), //nolint:gosec // our own text
	}
	for _, leftOut := range d.LeftOut {
		p.LeftOut = append(p.LeftOut, LeftOut{Name: table.Visible(leftOut.Name), Reason: table.Visible(leftOut.Reason)})
	}
	most := mostRows
	if len(d.Sections) == 1 && len(d.LeftOut) == 0 {
		most = 0
	}
	for i, s := range d.Sections {
		section, err := s.page(most)
		if err != nil {
			return nil, err
		}
		section.ID = fmt.Sprintf("report-%d", i+1)
		p.Sections = append(p.Sections, section)
	}
	if most == 0 {
		p.Single = &p.Sections[0]
		if p.Title == p.Single.Name {
			p.Title = p.Single.Title
		}
	}
	parsed, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("page of reports: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("page of reports: %w", err)
	}
	return out.Bytes(), nil
}

// title is the section's title, made of its name where it has none.
func (s Section) title() string { return Report{Name: s.Name, Heading: s.Title}.Title() }

// page renders the section with the first most rows of its table; 0 is all.
func (s Section) page(most int) (pageSection, error) {
	out := pageSection{Name: table.Visible(s.Name), Title: table.Visible(s.title()),
		Description: table.Visible(s.Description), Values: table.Visible(s.Values)}
	if chart.Drawable(s.Table) {
		for width, into := range map[int]*template.HTML{0: &out.Chart, narrowChart: &out.NarrowChart} {
			picture, err := chart.SVG(s.Table, chart.Options{Title: s.title(), Bare: true, Width: width})
			if err != nil {
				return pageSection{}, fmt.Errorf("chart of %s: %w", s.Name, err)
			}
			*into = template.HTML(picture) //nolint:gosec // chart escapes every text
		}
	}
	caption := count(len(s.Table.Rows))
	shown := s.Table
	if most > 0 && len(shown.Rows) > most {
		shown.Rows = shown.Rows[:most]
		caption = fmt.Sprintf("the first %d of %s", most, caption)
		out.More = fmt.Sprintf("The table holds %s. All rows: dwh report %s --format csv", caption, out.Name)
	}
	if _, once := s.Table.Shown(); once != "" {
		out.Values = strings.TrimPrefix(out.Values+"; "+table.Visible(once), "; ")
	}
	out.Short = len(shown.Rows) <= shortTable
	out.HTML = template.HTML(table.HTMLTable(shown, caption)) //nolint:gosec // table escapes every text
	return out, nil
}

func count(rows int) string {
	if rows == 1 {
		return "1 row"
	}
	return table.Number(float64(rows)) + " rows"
}

// Markdown returns the sections below each other as pipe tables; a document of more than one opens
// with its title and contents. No table is cut.
func (d Document) Markdown() ([]byte, error) {
	var out bytes.Buffer
	single := len(d.Sections) == 1 && len(d.LeftOut) == 0
	if !single {
		fmt.Fprintf(
			&out, "## %s\n\n%s  \n%s\n\n", table.MarkdownText(d.Title),
			table.MarkdownText(d.Target), d.When.UTC().Format("2006-01-02 15:04 UTC"),
		)
		for _, section := range d.Sections {
			fmt.Fprintf(&out, "- [%s](#%s)%s\n", table.MarkdownText(section.Heading()), anchorOf(section.Heading()),
				after(": ", section.Description))
		}
		for _, leftOut := range d.LeftOut {
			fmt.Fprintf(
				&out, "- %s: left out, %s\n", table.MarkdownText(leftOut.Name),
				table.MarkdownText(leftOut.Reason),
			)
		}
		out.WriteByte('\n')
	}
	for i, section := range d.Sections {
		if i > 0 {
			out.WriteByte('\n')
		}
		shown := section.Table
		shown.Title, shown.Description = section.Heading(), section.Description
		if section.Values != "" {
			shown.Description = strings.TrimPrefix(shown.Description+"; ", "; ") + section.Values
		}
		if err := table.Write(&out, shown, table.Markdown); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func after(separator, text string) string {
	if text == "" {
		return ""
	}
	return separator + table.MarkdownText(text)
}

// anchorOf is the anchor that GitHub gives a heading: lower case, blanks as dashes, no punctuation.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r > 0x7f:
			return r
		}
		return -1
	}, strings.ToLower(table.Visible(heading)))
}

// JSON returns one object: a report's name, and its rows as that report alone would print them.
func (d Document) JSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("{")
	for i, section := range d.Sections {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(section.Name)
		if err != nil {
			return nil, fmt.Errorf("name of report %q: %w", section.Name, err)
		}
		out.WriteString("\n" + string(name) + ": ")
		var rows bytes.Buffer
		if err := table.Write(&rows, section.Table, table.JSON); err != nil {
			return nil, err
		}
		out.Write(bytes.TrimRight(rows.Bytes(), "\n"))
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}
