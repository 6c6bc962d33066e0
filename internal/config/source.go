package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const (
	sourcesKey = "sources"
	sourceFlag = "--source"
	// sourceEnv begins the variable of each source: DWH_SOURCE_ORDERS.
	sourceEnv = "DWH_SOURCE_"
)

// A Source is a place that a COPY names by a variable, as in FROM :'orders'.
type Source struct {
	Name   string // the variable's
	URL    string // an s3:// or file:// URL, or an absolute path; "" where it is set to nothing
	Origin Origin // where the URL came from

	column int    // in the file, from 1
	line   string // the file's, without secrets
}

// shorthands are the sources of the project that dwh embeds. Each has a flag, a variable and a key
// of its own beside those of every source: --song-data URL is short for --source song_data=URL.
func shorthands() []Doc {
	return []Doc{
		{Key: "song_data", Usage: "song objects", Example: "s3://bucket/song_data"},
		{Key: "log_data", Usage: "event objects", Example: "s3://bucket/log_data"},
		{Key: "log_jsonpaths", Usage: "JSONPaths file of the events", Example: "s3://bucket/log_json_path.json"},
		{Key: "names", Usage: "baby names, yobYYYY.txt in a folder or a .zip", Example: "s3://bucket/names.zip"},
	}
}

// Shorthands documents the sources that have a flag of their own: Key is the source's name, Env the
// short variable.
func Shorthands() []Doc {
	all := shorthands()
	for i := range all {
		all[i].Env = "DWH_" + strings.ToUpper(all[i].Key)
	}
	return all
}

// IsShorthand tells whether the source has a flag of its own.
func IsShorthand(name string) bool {
	return slices.ContainsFunc(shorthands(), func(doc Doc) bool { return doc.Key == name })
}

// SourceFlag is how a command line gives the source, without its value: "--song-data", or
// "--source orders=".
func SourceFlag(name string) string {
	if IsShorthand(name) {
		return "--" + FlagName(name)
	}
	return sourceFlag + " " + name + "="
}

// SortedSources are the sources that are given, by name.
func (c *Config) SortedSources() []Source {
	var out []Source
	for _, name := range sortedNames(c.Sources) {
		out = append(out, c.Sources[name])
	}
	return out
}

// SourceError is an error about a source that is given, at the place where it is given.
func (c *Config) SourceError(name, msg, hint string) *Error {
	s := c.Sources[name]
	e := &Error{Key: sourcesKey + "." + name, Origin: s.Origin, Msg: msg, Advice: hint}
	if s.Origin.Kind == File {
		e.File, e.Line, e.Column, e.Source = s.Origin.Name, s.Origin.Line, s.column, s.line
	}
	return e
}

// giveSource takes a source over. Two values from one layer contradict each other; between layers
// the later one wins. The first of two equal values says where the source comes from.
func (c *Config) giveSource(s Source, value, folder string) error {
	var err error
	if s.URL, err = parseSource(value, folder); err != nil {
		return err
	}
	if old, given := c.Sources[s.Name]; given && old.Origin.Kind == s.Origin.Kind {
		if old.URL == s.URL {
			return nil
		}
		return &twiceError{name: s.Name, place: old.Origin}
	}
	c.Sources[s.Name] = s
	c.origins[sourcesKey+"."+s.Name] = s.Origin
	return nil
}

// twiceError is a source that one layer gives two values.
type twiceError struct {
	name  string
	place Origin // of the first
}

func (e *twiceError) Error() string {
	return fmt.Sprintf("the source %s has a different value in %s", e.name, e.place)
}

func (e *twiceError) Hint() string { return "remove one of the two" }

// loadSourceEnv takes over DWH_SOURCE_ORDERS and the short variables. Variables are written in
// upper case: a source of the file is meant whatever its case, else the name in lower case.
func (c *Config) loadSourceEnv(o Options) error {
	for _, doc := range Shorthands() {
		if err := c.loadSource(doc.Key, o.Env[doc.Env], o.Dir, Origin{Kind: Environment, Name: doc.Env}); err != nil {
			return err
		}
	}
	for _, variable := range sortedNames(o.Env) {
		upper, ok := strings.CutPrefix(variable, sourceEnv)
		if !ok || !variableName.MatchString(upper) {
			continue
		}
		name := strings.ToLower(upper)
		for _, known := range sortedNames(c.Sources) {
			if strings.EqualFold(known, upper) {
				name = known
			}
		}
		if err := c.loadSource(name, o.Env[variable], o.Dir, Origin{Kind: Environment, Name: variable}); err != nil {
			return err
		}
	}
	return nil
}

// loadSource takes over the value of a variable, as far as it has one.
func (c *Config) loadSource(name, value, dir string, origin Origin) error {
	if value == "" {
		return nil
	}
	return c.sourceFault(c.giveSource(Source{Name: name, Origin: origin}, value, dir), name, value, origin)
}

// loadSourceFlags takes over the short flags, and each --source NAME=URL.
func (c *Config) loadSourceFlags(o Options) error {
	for _, doc := range shorthands() {
		value, given := o.Flags[doc.Key]
		if !given {
			continue
		}
		origin := Origin{Kind: Flag, Name: "--" + FlagName(doc.Key)}
		err := c.giveSource(Source{Name: doc.Key, Origin: origin}, value, o.Dir)
		if err := c.sourceFault(err, doc.Key, value, origin); err != nil {
			return err
		}
	}
	for _, text := range o.Sources {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !variableName.MatchString(name) {
			return &Error{
				Key: sourcesKey, Origin: Origin{Kind: Flag, Name: sourceFlag},
				Msg: fmt.Sprintf(
					"must be NAME=URL, got %q", RedactDSN(text),
				), Advice: "such as --source orders=s3://bucket/orders/",
			}
		}
		origin := Origin{Kind: Flag, Name: sourceFlag + " " + name}
		err := c.giveSource(Source{Name: name, Origin: origin}, value, o.Dir)
		if err := c.sourceFault(err, name, value, origin); err != nil {
			return err
		}
	}
	return nil
}

// sourceFault is an error about a value from outside the file.
func (c *Config) sourceFault(err error, name, value string, origin Origin) error {
	if err == nil {
		return nil
	}
	key := sourcesKey + "." + name
	return &Error{Key: key, Origin: origin, Msg: hidden(err.Error(), key, value), Advice: hintOf(err)}
}

// source takes over an entry of the file, under sources: or, of a short one, beside it.
func (d *document) source(full, name string, entry *ast.MappingValueNode) error {
	masked := func(msg, hint string) error {
		e := d.fault(entry.Key.GetToken(), full, msg, hint)
		e.Source = maskedValues(e.Source)
		return e
	}
	if !variableName.MatchString(name) {
		return masked(fmt.Sprintf("%q is not a valid name of a source", RedactDSN(name)), "use letters, digits and _")
	}
	if slices.Contains(ownVariables(), name) {
		return masked(fmt.Sprintf("%s is a setting itself", name), fmt.Sprintf("set the key %s instead", name))
	}
	if _, taken := d.config.Variables[name]; taken {
		return masked(fmt.Sprintf("%s is also under variables:", name), "remove one of the two")
	}
	if entry.Value == nil || entry.Value.Type() == ast.NullType { // left open
		return nil
	}
	text, err := d.scalar(key{name: full}, entry.Value)
	if err != nil {
		return err
	}
	at := d.fault(entry.Key.GetToken(), full, "", "")
	s := Source{Name: name, Origin: at.Origin, column: at.Column, line: at.Source}
	if err := d.config.giveSource(s, text, d.folder); err != nil {
		return d.fault(entry.Value.GetToken(), full, full+" "+hidden(err.Error(), full, text), hintOf(err))
	}
	return nil
}

// ownVariables are variables of the SQL that settings give a value.
func ownVariables() []string { return []string{"region", "iam_role"} }

// parseSource reads an s3:// or file:// URL, or a path, which is relative to the folder. Whether it
// exists is seen when it is read.
func parseSource(v, folder string) (string, error) {
	scheme, rest, isURL := strings.Cut(v, "://")
	authority, _, _ := strings.Cut(rest, "/")
	switch {
	case strings.ContainsRune(v, 0):
		return "", fmt.Errorf("must be a URL or a path, got %q", v)
	case strings.HasPrefix(v, "s3:") && !isURL:
		return "", fmt.Errorf("%q is not a URL; write s3://bucket/prefix, or ./%s for a folder with this name", v, v)
	case strings.HasPrefix(v, "file:") && !isURL:
		return "", fmt.Errorf("%q is not a URL; write file:///path, or ./%s for a folder with this name", v, v)
	case !isURL:
		return absolute(v, folder), nil
	case scheme == "s3" && strings.Contains(authority, "@"):
		// It would stand in plans, errors and the journal.
		return "", errors.New("credentials do not belong in a URL: s3://xxxxx@…; set AWS_ACCESS_KEY_ID and " +
			"AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
	case scheme == "s3" && (rest == "" || strings.HasPrefix(rest, "/")):
		return "", fmt.Errorf("%q names no bucket; write s3://bucket/prefix", v)
	case scheme == "s3":
		return v, nil
	case scheme == "file" && !strings.HasPrefix(rest, "/"):
		return "", fmt.Errorf("%q is not an absolute file URL; write file:///path", v)
	case scheme == "file":
		return v, nil
	}
	return "", fmt.Errorf("must be an s3:// or file:// URL or a path, got %q", RedactDSN(v))
}
