package load

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// A Need is a source of a load: where its COPY finds the objects, or the JSONPaths file.
type Need struct {
	File *File // the load that needs it
	// the variable's name, such as orders; "" where the COPY names the place itself
	Source    string
	Literal   string // the place that the COPY names itself; "" of a variable
	JSONPaths bool   // it is the JSONPaths file
	offset    int
}

// ErrorAt is an error at the place in the load's file where the COPY names the source.
func (n Need) ErrorAt(msg, hint string) *sqlfile.Error {
	return n.File.copy.ErrorAt(n.offset, msg, hint, nil)
}

// Needs returns the sources of a load, that of its objects first.
func (f *File) Needs() []Need {
	var out []Need
	for _, place := range copystmt.Places(f.copy) {
		out = append(out, Need{
			File: f, Source: place.Variable, Literal: place.Literal, JSONPaths: place.JSONPaths, offset: place.Offset,
		})
	}
	return out
}

// Missing returns the sources that a load needs and vars do not give. An optional load misses
// nothing where the source of its objects is not given: it is skipped.
func (f *File) Missing(vars map[string]string) []Need {
	if f.Optional && !f.Configured(vars) {
		return nil
	}
	var out []Need
	for _, need := range f.Needs() {
		if need.Source != "" && vars[need.Source] == "" {
			out = append(out, need)
		}
	}
	return out
}

// Takes tells whether the load takes an object of its source, as its header's `files:` says. reason
// is why not, for people.
func (f *File) Takes(o objectstore.Object) (ok bool, reason string) {
	if !f.header.Takes(string(o.URL)) {
		return false, fmt.Sprintf("%s takes only %s", f.Name, strings.Join(f.header.Files, ", "))
	}
	return true, ""
}

// sourceName is what the name of a source looks like.
var sourceName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkPlaces refuses a relative path in a COPY: it would mean another folder wherever dwh is
// started.
func (f *File) checkPlaces() error {
	for _, need := range f.Needs() {
		p := need.Literal
		if p == "" || strings.Contains(p, "://") || filepath.IsAbs(p) {
			continue
		}
		name := strings.TrimPrefix(string(f.Table), "s_")
		if need.JSONPaths {
			name += "_paths"
		}
		if sourceName.MatchString(p) {
			name = p // most likely the name of a source, without its colon
		}
		return need.ErrorAt(fmt.Sprintf("the relative path %q depends on the folder where dwh starts", p),
			fmt.Sprintf("write :'%s' instead of '%s'; sources: in dwh.yaml says where it is, such as %s: %s", name, p,
				name, p))
	}
	return nil
}
