package report

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// Kind is what a parameter's values are.
type Kind int

// The kinds. The default of a parameter says which it has: 3 is a whole number, 0.5 a number, the
// word date or a day a date.
const (
	Text   Kind = iota // any text
	Whole              // an integer
	Number             // a number with or without decimals
	Date               // a day such as 2018-11-30
)

// Param is a value that a report asks for.
type Param struct {
	Name     string
	Usage    string // what it means, for people
	Default  string // "" with Required, and for a date whose range is open
	Required bool   // it has no default
	Kind     Kind   // of its values; Text by default
}

// The first and the last day there is: what a range of dates without a value runs from and to.
const (
	firstDay = "0001-01-01"
	lastDay  = "9999-12-31"
)

// Until says that the parameter is the end of a range: to, or a name that ends in _to.
func (p Param) Until() bool { return p.Name == "to" || strings.HasSuffix(p.Name, "_to") }

// Numeric says that the parameter is a number.
func (p Param) Numeric() bool { return p.Kind == Whole || p.Kind == Number }

// Dated says that the parameter is a date.
func (p Param) Dated() bool { return p.Kind == Date }

// number matches what a default has to be for the parameter to be a number. Digits that begin with
// a needless 0, such as those of a postal code, are a text.
var number = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]*)?(\.[0-9]+)?$`)

// mostDigits is how many digits a NUMERIC has on both engines.
const mostDigits = 38

// newParam takes a parameter over from a header.
func newParam(declared sqlfile.Param) (Param, error) {
	p := Param{Name: declared.Name, Usage: declared.Help, Default: declared.Default, Required: declared.Required}
	if p.Usage == "" {
		p.Usage = "a value of the report"
	}
	switch {
	case p.Required:
		return p, nil
	case p.Default == "date":
		p.Kind, p.Default = Date, ""
	case isDay(p.Default):
		p.Kind = Date
	case p.Default != "" && number.MatchString(p.Default):
		if p.Kind = Whole; strings.Contains(p.Default, ".") {
			p.Kind = Number
		}
	}
	_, problem := p.value(p.Default)
	if problem != "" {
		return p, fmt.Errorf("param: the default of %s %s", p.Name, problem)
	}
	return p, nil
}

// isDay tells whether a text is a day from the year 1 on: SQL knows no year 0.
func isDay(text string) bool {
	day, err := time.Parse(time.DateOnly, text)
	return err == nil && day.Year() > 0
}

// value is what a text given for the parameter means to a query; "" is a date's end of an open
// range. problem says what is wrong with the text, "" for nothing.
func (p Param) value(text string) (value any, problem string) {
	switch p.Kind {
	case Whole:
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case p.Name == "limit" && (err != nil || n < 1):
			return nil, fmt.Sprintf("must be a whole number from 1, not %q", text)
		case err != nil:
			return nil, fmt.Sprintf("must be a whole number, not %q", text)
		}
		return n, ""
	case Number:
		if !decimal.MatchString(text) || len(strings.Trim(text, "+-.")) > mostDigits {
			return nil, fmt.Sprintf("must be a number such as %s, not %q", p.Default, text)
		}
		return query.Decimal(text), ""
	case Date:
		switch {
		case text == "" && p.Until():
			text = lastDay
		case text == "":
			text = firstDay
		case !isDay(text):
			return nil, fmt.Sprintf("must be a date such as 2018-11-30, not %q", text)
		}
		return query.Date(text), ""
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return nil, fmt.Sprintf("must be a text in UTF-8, not %q", text)
	}
	return text, ""
}

var decimal = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]+)?|\.[0-9]+)$`)

// Flag is the parameter on a command line: "--artist (needed)", "--limit 10", "--from".
func (p Param) Flag() string {
	flag := "--" + p.Name
	switch {
	case p.Required:
		return flag + " (needed)"
	case p.Default != "":
		return flag + " " + p.Default
	}
	return flag
}

// A ValueError is a parameter that is missing, malformed or not the report's.
type ValueError struct {
	Report, Param, Problem string // which report and parameter, and what is wrong

	params []Param
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("report %s: --%s %s", e.Report, e.Param, e.Problem)
}

// ExitCode is 2: the command line has to change.
func (e *ValueError) ExitCode() int { return 2 }

// Hint names the parameters that the report has.
func (e *ValueError) Hint() string { return "the report has " + flags(e.params) }

// flags names parameters in a sentence.
func flags(params []Param) string {
	if len(params) == 0 {
		return "no parameters"
	}
	all := make([]string, len(params))
	for i, param := range params {
		all[i] = param.Flag()
	}
	return strings.Join(all, ", ")
}

// Flags names the report's parameters in a sentence.
func (r Report) Flags() string { return flags(r.Params) }

// Example is what a command line needs behind the report's name: " --artist VALUE", or nothing.
func (r Report) Example() string {
	var out strings.Builder
	for _, param := range r.Params {
		if param.Required {
			fmt.Fprintf(&out, " --%s VALUE", param.Name)
		}
	}
	return out.String()
}

// Validate returns a *ValueError when a value is missing, malformed or not the report's.
func (r Report) Validate(values map[string]string) error {
	for name := range values {
		known := false
		for _, param := range r.Params {
			known = known || param.Name == name
		}
		if !known {
			return r.fault(name, "is not a parameter of this report")
		}
	}
	_, err := r.args(values)
	return err
}

func (r Report) fault(param, problem string) error {
	return &ValueError{Report: r.Name, Param: param, Problem: problem, params: r.Params}
}

// Told says for people which values the report runs with, defaults included: "artist: Muse, limit:
// 10"; "" without parameters. Of a range of dates the ends that are open are left out.
func (r Report) Told(values map[string]string) string {
	var out []string
	for _, param := range r.Params {
		value, given := values[param.Name]
		if !given {
			value = param.Default
		}
		if value == "" && param.Kind == Date {
			continue
		}
		out = append(out, param.Name+": "+value)
	}
	return strings.Join(out, ", ")
}

// args are the values as the query takes them.
func (r Report) args(values map[string]string) (map[string]any, error) {
	args := map[string]any{}
	for _, param := range r.Params {
		text, given := values[param.Name]
		if !given {
			if param.Required {
				return nil, r.fault(param.Name, "is needed")
			}
			text = param.Default
		} else if text == "" && param.Kind == Date {
			return nil, r.fault(param.Name, `must be a date such as 2018-11-30, not ""`)
		}
		value, problem := param.value(text)
		if problem != "" {
			return nil, r.fault(param.Name, problem)
		}
		args[param.Name] = value
	}
	return args, nil
}
