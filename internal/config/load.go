package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/suggest"
)

// FileName is the name of the configuration file.
const FileName = "dwh.yaml"

// Options is what Load reads from.
type Options struct {
	// the working folder, absolute: where the search for dwh.yaml starts, what relative paths are
	// relative to
	Dir  string
	Home string // the user's home folder, where the search ends; "" when there is none
	File string // the file named by --config, "" to search
	Env  map[string]string
	// Flags holds the values of the flags that were given, by key ("data_dir").
	Flags map[string]string
	// Sources are the values of --source, NAME=URL, in the order of the command line.
	Sources []string
	// Only, when not nil, limits what is read to these keys, from the environment and flags; no
	// file is read. It is for commands that must not depend on where they are started, such as the
	// demo.
	Only []string
}

// Load returns the settings: defaults, overridden by the file, the environment and flags, in this
// order. A value that is malformed or out of range, or a key that does not exist, is an *Error.
func Load(o Options) (*Config, error) {
	c := Defaults()
	if o.Only == nil {
		if err := c.loadFile(o); err != nil {
			return nil, err
		}
	}
	for _, k := range keys() {
		if o.Only != nil && !slices.Contains(o.Only, k.name) {
			continue
		}
		if err := c.loadEnv(k, o); err != nil {
			return nil, err
		}
		value, given := o.Flags[k.name]
		if !given {
			continue
		}
		origin := Origin{Kind: Flag, Name: "--" + FlagName(k.name)}
		if err := c.override(k, value, o.Dir, origin); err != nil {
			return nil, err
		}
		if k.name == "database_url" && HasPassword(value) {
			c.warn("--database-url holds a password, which other users can see in the process list; " +
				"use DWH_DATABASE_URL, PGPASSFILE or a pg_service file instead")
		}
	}
	if o.Only == nil {
		if err := c.loadSourceEnv(o); err != nil {
			return nil, err
		}
		if err := c.loadSourceFlags(o); err != nil {
			return nil, err
		}
		c.warnOfNearMisses(o.Env)
	}
	return c, c.validate()
}

func (c *Config) warn(text string) { c.Warnings = append(c.Warnings, text) }

// loadEnv takes a key's variable over. An empty variable counts as unset, as shells cannot easily
// unset one.
func (c *Config) loadEnv(k key, o Options) error {
	names := []string{k.env()}
	if k.name == "database_url" {
		names = append(names, "DATABASE_URL")
	}
	for _, name := range names {
		if value := o.Env[name]; value != "" {
			return c.override(k, value, o.Dir, Origin{Kind: Environment, Name: name})
		}
	}
	return nil
}

func (c *Config) override(k key, value, dir string, origin Origin) error {
	if err := k.set(c, value, dir); err != nil {
		return &Error{Key: k.name, Origin: origin, Msg: hidden(err.Error(), k.name, value), Advice: hintOf(err)}
	}
	c.origins[k.name] = origin
	return nil
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// validate holds what concerns a finished configuration rather than one value.
func (c *Config) validate() error {
	if c.Project == "" {
		return nil
	}
	info, err := os.Stat(c.Project)
	switch {
	case err != nil:
		return c.KeyError(
			"project", fmt.Sprintf("cannot use the project folder: %v", err),
			"name a folder that holds migrations/ or transforms/", err,
		)
	case !info.IsDir():
		return c.KeyError(
			"project", fmt.Sprintf("%s is not a folder", c.Project),
			"name a folder that holds migrations/ or transforms/", nil,
		)
	}
	err = trustedTree(c.Project)
	var untrusted *untrustedError
	switch {
	case errors.As(err, &untrusted):
		return c.KeyError("project", "not used: "+untrusted.reason,
			"a project is code that runs with the warehouse's rights; "+untrusted.fix, err)
	case err != nil:
		return c.KeyError("project", fmt.Sprintf("cannot read the project folder: %v", err), "", err)
	}
	return nil
}

// KeyError is an error about the value of a key that was taken over already, at the place where it
// is given.
func (c *Config) KeyError(key, msg, hint string, cause error) *Error {
	e := &Error{Key: key, Origin: c.origins[key], Msg: msg, Advice: hint, Err: cause}
	if e.Origin.Kind == File {
		e.File, e.Line, e.Column = e.Origin.Name, e.Origin.Line, 1
		e.Msg = key + ": " + msg
	}
	return e
}

// notKeys are variables of ours that are no settings, so that they are no misspelt ones either.
func notKeys() []string { return []string{"DWH_PG_BIN", "DWH_DEBUG", "DWH_TOKEN", "DWH_TEST_ROUNDS"} }

// warnOfNearMisses names variables such as DWH_SONGDATA, which would be ignored silently. Other
// people's variables may begin with DWH_ too, so a near miss is no error.
func (c *Config) warnOfNearMisses(env map[string]string) {
	var known []string
	for _, k := range keys() {
		known = append(known, k.env())
	}
	for _, doc := range Shorthands() {
		known = append(known, doc.Env)
	}
	for _, name := range sortedNames(env) {
		if env[name] == "" || !strings.HasPrefix(
			name, "DWH_",
		) || slices.Contains(known, name) || slices.Contains(notKeys(), name) ||
			strings.HasPrefix(name, "DWH_TEST_") || strings.HasPrefix(name, sourceEnv) {
			continue
		}
		// Without the common beginning, which would make everything near.
		bare := func(s string) string { return strings.TrimPrefix(s, "DWH_") }
		bares := make([]string, len(known))
		for i, k := range known {
			bares[i] = bare(k)
		}
		if near := suggest.Nearest(bare(name), bares); near != "" {
			c.warn(fmt.Sprintf("dwh does not know the environment variable %s; did you mean DWH_%s?", name, near))
		}
	}
}

// find looks for dwh.yaml from dir upwards. The search ends, inclusive, at the home folder and at
// the root of a repository, so that a file from somewhere else does not decide where data goes.
func find(dir, home string) string {
	for {
		candidate := filepath.Join(dir, FileName)
		// a link that leads to no file is found too: loadFile says what is wrong with it
		if _, err := os.Lstat(candidate); err == nil {
			return candidate
		}
		if home != "" && dir == filepath.Clean(home) {
			return ""
		}
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return ""
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}
