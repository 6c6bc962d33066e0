package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/sparkify/dwh/internal/suggest"
)

// maxFileBytes is far beyond any configuration and keeps a wrong path (a device, a dump) from
// filling memory.
const maxFileBytes = 1 << 20

// loadFile reads the file that --config names, or that of the project that --project or DWH_PROJECT
// names, or the one found upwards.
func (c *Config) loadFile(o Options) error {
	name, named, why := o.File, true, ""
	switch {
	case name != "":
		if err := CheckPath(name); err != nil {
			return &Error{Origin: Origin{Kind: Flag, Name: "--config"}, Msg: err.Error()}
		}
		name = absolute(name, o.Dir)
	case projectFile(o) != "":
		name, why = projectFile(o), "a project is code that runs with the warehouse's rights; "
	default:
		named = false
		if name = find(o.Dir, o.Home); name == "" {
			return nil
		}
	}
	data, err := readTrusted(name)
	var untrusted *untrustedError
	// A link of another user's that leads to no file is no better than one that leads to a file.
	if place := trustedPlace(name); err == nil || !named && errors.As(place, &untrusted) {
		err = place
	}
	switch {
	case errors.As(err, &untrusted) && !named:
		c.ignore(name, untrusted.reason, untrusted.fix)
		return nil
	case errors.As(err, &untrusted):
		// Ignoring the file that was asked for would run against another warehouse than the one
		// meant.
		return &Error{File: name, Msg: "not used: " + untrusted.reason, Advice: why + untrusted.fix, Err: err}
	case errors.Is(err, os.ErrNotExist):
		return absentFile(name, err)
	case err != nil:
		return &Error{File: name, Msg: fmt.Sprintf("cannot read the configuration file: %v", err), Err: err}
	}
	// Editors on Windows write a byte order mark and line ends of their own.
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	found := Defaults()
	d := &document{path: name, folder: filepath.Dir(name), lines: strings.Split(text, "\n"), config: found}
	if err := d.load([]byte(text)); err != nil {
		return err
	}
	found.Path, found.Warnings = name, c.Warnings
	if err := trustedTree(found.Project); found.Project != "" && !named && errors.As(err, &untrusted) {
		c.ignore(name, "the project that it names is not to be trusted: "+untrusted.reason, untrusted.fix)
		return nil
	}
	*c = *found
	return nil
}

// ignore notes and warns that a file that was found is not used.
func (c *Config) ignore(name, reason, fix string) {
	c.Ignored = name
	c.warn(fmt.Sprintf("%s is ignored: %s; %s", name, reason, fix))
}

// absentFile says that --config names no file, or that a symbolic link leads to none.
func absentFile(name string, err error) *Error {
	if target, linked := os.Readlink(name); linked == nil {
		return &Error{
			File: name, Msg: fmt.Sprintf("the symbolic link leads to %s, which does not exist", target),
			Advice: "correct the link or remove it", Err: err,
		}
	}
	return &Error{File: name, Msg: "no such configuration file", Advice: "check --config", Err: err}
}

// projectFile is the dwh.yaml of the project that the command line, or else the environment, names;
// "" where there is none.
func projectFile(o Options) string {
	folder, given := o.Flags["project"]
	if !given {
		folder = o.Env["DWH_PROJECT"]
	}
	if folder == "" {
		return ""
	}
	name := filepath.Join(absolute(folder, o.Dir), FileName)
	if _, err := os.Lstat(name); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return name
}

// projectFolders are the parts of a project that hold what dwh runs.
func projectFolders() []string {
	return []string{"migrations", "transforms", "queries", "reports", "checks", "tests"}
}

// untrustedError says why a file is not to be believed: someone else could have written it, and it
// decides which database is written to and which SQL runs.
type untrustedError struct{ reason, fix string }

func (e *untrustedError) Error() string { return e.reason }

// readTrusted checks and reads the same open file, so that nothing can be swapped in between. It
// checks the file before too: opening a named pipe waits for whoever writes it.
func readTrusted(name string) ([]byte, error) {
	before, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := trustedFile(name, before); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := trustedFile(name, info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(data) > maxFileBytes {
		err = fmt.Errorf("more than %s", formatSize(maxFileBytes))
	}
	return data, err
}

// trustedFile refuses what is no regular file, and what somebody else could have written.
func trustedFile(name string, info fs.FileInfo) error {
	if err := trusted(name, info); err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errNotRegular
	}
	return nil
}

// document is one configuration file on its way into a Config.
type document struct {
	path   string
	folder string
	lines  []string
	config *Config
}

// maxBrackets is how many brackets may be open at a time. dwh.yaml needs two; the memory that the
// parser takes grows faster than their number.
const maxBrackets = 100

// tooDeep returns the line and the column, from 1, where more than maxBrackets are open; 0 for
// none.
func (d *document) tooDeep() (line, column int) {
	open := 0
	for i, text := range d.lines {
		for j, c := range []rune(text) {
			switch c {
			case '[', '{':
				open++
			case ']', '}':
				open--
			}
			if open > maxBrackets {
				return i + 1, j + 1
			}
		}
	}
	return 0, 0
}

func (d *document) load(data []byte) error {
	if line, column := d.tooDeep(); line > 0 {
		return &Error{
			File: d.path, Line: line, Column: column, Msg: fmt.Sprintf("more than %d brackets are open", maxBrackets),
			Advice: "close them: a list is written as [a, b]",
		}
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			// Which value the line belongs to is not known.
			e := d.fault(syntax.GetToken(), "", maskedSyntax(syntax.GetMessage()),
				"check the YAML here and above: KEY: VALUE, with the same indentation for keys of one level")
			if hint := d.layoutHint(e.Line); hint != "" {
				e.Advice = hint
			}
			if e.Line >= 1 && e.Line <= len(d.lines) {
				e.Source = maskedValues(d.lines[e.Line-1])
			}
			return e
		}
		return &Error{File: d.path, Msg: maskedSyntax(err.Error())}
	}
	seen := false
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType || doc.Body.Type() == ast.CommentType {
			continue
		}
		if seen {
			return d.fault(doc.Body.GetToken(), "", "more than one YAML document", "keep one")
		}
		seen = true
		if err := d.mapping("", doc.Body); err != nil {
			return err
		}
	}
	return nil
}

// mapping takes over the entries of the file itself (group "") or of a group of keys.
func (d *document) mapping(group string, node ast.Node) error {
	entries, ok := entriesOf(node)
	if !ok {
		what := "the file"
		if group != "" {
			what = group
		}
		e := d.fault(node.GetToken(), group, fmt.Sprintf("%s needs keys and values, got %s", what, describe(node)),
			"write key: value")
		if hint := d.layoutHint(e.Line); hint != "" {
			e.Advice = hint
		}
		if group == "" {
			e.Source = maskedValues(e.Source)
		}
		return e
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		if entry.Key.IsMergeKey() {
			return d.fault(entry.Key.GetToken(), group, "merge keys are not supported", "write the keys out")
		}
		name := entry.Key.GetToken().Value
		full := name
		if group != "" {
			full = group + "." + name
		}
		if seen[name] {
			return d.fault(entry.Key.GetToken(), full, fmt.Sprintf("%s is given twice", full), "remove one of them")
		}
		seen[name] = true
		if err := d.entry(group, full, entry); err != nil {
			return err
		}
	}
	return nil
}

func entriesOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (d *document) entry(group, full string, entry *ast.MappingValueNode) error {
	value := entry.Value
	// `region:` with nothing after it is a setting left open.
	empty := value == nil || value.Type() == ast.NullType
	switch {
	case group == variablesKey:
		return d.variable(full, entry, empty)
	case group == sourcesKey:
		return d.source(full, strings.TrimPrefix(full, sourcesKey+"."), entry)
	case group == "" && IsShorthand(full):
		return d.source(full, full, entry)
	case group == "" && slices.Contains(groups(), full):
		if empty {
			return nil
		}
		return d.mapping(full, value)
	}
	all := keys()
	i := slices.IndexFunc(all, func(k key) bool { return k.name == full })
	if i < 0 {
		// What stands behind it may belong to another key, such as a password's.
		e := d.fault(entry.Key.GetToken(), full, fmt.Sprintf("unknown key %q", RedactDSN(full)),
			suggestKey(group, full))
		e.Source = maskedValues(e.Source)
		return e
	}
	if empty {
		return nil
	}
	k := all[i]
	text, err := d.scalar(k, value)
	if err != nil {
		return err
	}
	if err := k.set(d.config, text, d.folder); err != nil {
		return d.fault(value.GetToken(), full, full+" "+hidden(err.Error(), full, text), hintOf(err))
	}
	d.record(full, entry)
	return nil
}

func (d *document) record(full string, entry *ast.MappingValueNode) {
	d.config.origins[full] = Origin{Kind: File, Name: d.path, Line: entry.Key.GetToken().Position.Line}
}

// scalar returns a value's text, when it has the key's type.
func (d *document) scalar(k key, value ast.Node) (string, error) {
	ok := false
	switch value := value.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		ok = k.kind == text || k.kind == size || k.kind == duration || k.kind == list
	case *ast.BoolNode:
		ok = k.kind == boolean
	case *ast.IntegerNode:
		ok = k.kind == integer || k.kind == number || k.kind == size
	case *ast.FloatNode:
		ok = k.kind == number
	case *ast.SequenceNode:
		if k.kind == list {
			return d.texts(k, value)
		}
	}
	if !ok {
		hint := ""
		if _, scalar := value.(ast.ScalarNode); scalar && k.kind == text {
			hint = "put it in quotes"
		}
		return "", d.fault(
			value.GetToken(), k.name,
			fmt.Sprintf("%s must be %s, got %s", k.name, k.kind, describe(value)), hint,
		)
	}
	return scalarText(value), nil
}

// texts returns the items of a list, separated by commas.
func (d *document) texts(k key, value *ast.SequenceNode) (string, error) {
	var items []string
	for _, item := range value.Values {
		switch item.(type) {
		case *ast.StringNode, *ast.LiteralNode:
			items = append(items, scalarText(item))
		default:
			return "", d.fault(
				item.GetToken(), k.name,
				fmt.Sprintf("%s must be %s, got %s in it", k.name, k.kind, describe(item)),
				"put it in quotes",
			)
		}
	}
	return strings.Join(items, ","), nil
}

func scalarText(value ast.Node) string {
	if s, ok := value.(ast.ScalarNode); ok {
		return strings.TrimSuffix(fmt.Sprint(s.GetValue()), "\n")
	}
	return value.GetToken().Value
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (d *document) variable(full string, entry *ast.MappingValueNode, empty bool) error {
	name := strings.TrimPrefix(full, variablesKey+".")
	if !variableName.MatchString(name) {
		e := d.fault(entry.Key.GetToken(), full, fmt.Sprintf("%q is not a valid name of a variable", RedactDSN(name)),
			"use letters, digits and _")
		e.Source = maskedValues(e.Source)
		return e
	}
	if slices.Contains(ownVariables(), name) {
		return d.fault(
			entry.Key.GetToken(), full, fmt.Sprintf("%s is a setting itself", name),
			fmt.Sprintf("set the key %s instead", name),
		)
	}
	if _, taken := d.config.Sources[name]; taken || IsShorthand(name) {
		return d.fault(entry.Key.GetToken(), full, fmt.Sprintf("%s is a source", name),
			fmt.Sprintf("write it only under %s:", sourcesKey))
	}
	value := ""
	if !empty {
		switch entry.Value.(type) {
		case *ast.StringNode, *ast.LiteralNode:
			value = scalarText(entry.Value)
		case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
			value = entry.Value.GetToken().Value // as written: 1.50 stays 1.50
		default:
			return d.fault(
				entry.Value.GetToken(), full,
				fmt.Sprintf("%s needs a value, got %s", full, describe(entry.Value)), "",
			)
		}
	}
	d.config.Variables[name] = value
	d.record(full, entry)
	return nil
}

// groups are the keys that hold further keys.
func groups() []string {
	return []string{sourcesKey, "checks", "load", "transform", serveKey, notifyKey, variablesKey}
}

func suggestKey(group, full string) string {
	var here []string
	for _, name := range Keys() {
		prefix, rest, nested := strings.Cut(name, ".")
		switch {
		case group == "" && !nested:
			here = append(here, name)
		case nested && prefix == group:
			here = append(here, rest)
		case nested && rest == full:
			return fmt.Sprintf("it belongs under %q", prefix)
		}
	}
	if group == "" {
		here = append(here, groups()...)
		for _, doc := range shorthands() {
			here = append(here, doc.Key)
		}
	}
	return suggest.Hint(strings.TrimPrefix(full, group+"."), here)
}

func describe(node ast.Node) string {
	switch node.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which are not supported"
	case *ast.TagNode:
		return "a tag, which is not supported"
	default:
		return "nothing"
	}
}

func (d *document) fault(at *token.Token, key, msg, hint string) *Error {
	e := &Error{File: d.path, Key: key, Msg: msg, Advice: hint, Line: 1, Column: 1}
	if at != nil && at.Position != nil {
		e.Line, e.Column = at.Position.Line, at.Position.Column
	}
	e.Key = RedactDSN(key)
	e.Origin = Origin{Kind: File, Name: d.path, Line: e.Line}
	if e.Line >= 1 && e.Line <= len(d.lines) {
		e.Source = strings.TrimRight(d.lines[e.Line-1], "\r")
	}
	// The line is shown to the user and ends up in logs of CI.
	e.Source = maskedLine(e.Source, key)
	if strings.HasPrefix(key, notifyKey+".") { // the address of a webhook is a secret
		e.Source = ""
	}
	return e
}
