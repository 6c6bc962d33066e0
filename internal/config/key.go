package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/suggest"
)

const variablesKey = "variables"

// kind is the type of a key's value in the file.
type kind int

const (
	text kind = iota
	boolean
	integer
	number
	size     // bytes: an integer, or text with a unit
	duration // text with a unit
)

// String names the type as an error message does, with an example where the form is not obvious.
func (k kind) String() string {
	switch k {
	case boolean:
		return "true or false"
	case integer:
		return "a whole number"
	case number:
		return "a number"
	case size:
		return "a size in bytes (such as 1GiB or 500MB)"
	case duration:
		return "a duration (such as 36h or 7d)"
	default:
		return "text"
	}
}

// key is one setting: its name in the file, its type, and how its text is taken over and shown. set's folder is what a
// relative path is relative to.
type key struct {
	name string
	kind kind
	set  func(c *Config, value, folder string) error
	show func(c *Config) string
}

// env returns the name of the key's environment variable.
func (k key) env() string {
	return "DWH_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

// FlagName returns the name of a key's flag, without dashes: "song-data" for "song_data".
func FlagName(key string) string { return strings.NewReplacer("_", "-", ".", "-").Replace(key) }

// Keys returns the names of all keys but those under "variables", as in the file, nested ones with a dot.
func Keys() []string {
	var names []string
	for _, k := range keys() {
		names = append(names, k.name)
	}
	return names
}

// keys lists every setting in the order of the documentation.
func keys() []key {
	return []key{
		{
			name: "database_url",
			set:  func(c *Config, v, _ string) error { c.DatabaseURL = Secret(v); return nil },
			show: func(c *Config) string { return RedactDSN(c.DatabaseURL.Reveal()) },
		},
		choice("engine", []string{"postgres", "redshift"}, func(c *Config) *string { return &c.Engine }),
		path("data_dir", func(c *Config) *string { return &c.DataDir }),
		path("project", func(c *Config) *string { return &c.Project }),
		source("song_data", func(c *Config) *string { return &c.SongData }),
		source("log_data", func(c *Config) *string { return &c.LogData }),
		source("log_jsonpaths", func(c *Config) *string { return &c.LogJSONPaths }),
		source("names", func(c *Config) *string { return &c.Names }),
		matching("region", regexp.MustCompile(`^[a-z0-9-]+$`), "a region's name such as us-west-2", func(c *Config) *string { return &c.Region }),
		matching("iam_role", regexp.MustCompile(`^(default|arn:\S+)$`), `"default" or an ARN such as arn:aws:iam::123456789012:role/dwh`,
			func(c *Config) *string { return &c.IAMRole }),
		flag("anonymous", func(c *Config) *bool { return &c.Anonymous }),
		matching("work_prefix", regexp.MustCompile(`^s3://[^/]+(/.*)?$`), "an s3://bucket/prefix URL", func(c *Config) *string { return &c.WorkPrefix }),
		flag("wait", func(c *Config) *bool { return &c.Wait }),
		flag("strict", func(c *Config) *bool { return &c.Strict }),
		choice("log_format", []string{"text", "json"}, func(c *Config) *string { return &c.LogFormat }),
		{
			name: "checks.matched_share_warn_below", kind: number,
			set: func(c *Config, v, _ string) error {
				f, err := strconv.ParseFloat(v, 64)
				if err != nil {
					return wants(number, v)
				}
				if !(f >= 0 && f <= 1) {
					return fmt.Errorf("wants a share between 0 and 1, got %s", v)
				}
				c.Checks.MatchedShareWarnBelow = f
				return nil
			},
			show: func(c *Config) string { return strconv.FormatFloat(c.Checks.MatchedShareWarnBelow, 'f', -1, 64) },
		},
		{
			name: "checks.max_age", kind: duration,
			set: func(c *Config, v, _ string) error {
				d, err := parseDuration(v)
				if err != nil {
					return err
				}
				c.Checks.MaxAge = d
				return nil
			},
			show: func(c *Config) string {
				if c.Checks.MaxAge == 0 {
					return ""
				}
				return c.Checks.MaxAge.String()
			},
		},
		{
			name: "load.batch_objects", kind: integer,
			set:  whole(1, 1_000_000, func(c *Config, n int64) { c.Load.BatchObjects = int(n) }),
			show: func(c *Config) string { return strconv.Itoa(c.Load.BatchObjects) },
		},
		bytes("load.batch_bytes", 1, func(c *Config) *int64 { return &c.Load.BatchBytes }),
		{
			name: "load.workers", kind: integer,
			set:  whole(0, 1024, func(c *Config, n int64) { c.Load.Workers = int(n) }),
			show: func(c *Config) string { return strconv.Itoa(c.Load.Workers) },
		},
		// Below one MiB the largest legal row (4 MB on Redshift) could never pass in reasonable steps.
		bytes("load.buffer_bytes", 1<<20, func(c *Config) *int64 { return &c.Load.BufferBytes }),
		choice("load.method", []string{"copy", "insert"}, func(c *Config) *string { return &c.Load.Method }),
		flag("load.compact", func(c *Config) *bool { return &c.Load.Compact }),
	}
}

func wants(k kind, got string) error { return fmt.Errorf("wants %s, got %q", k, got) }

// choiceError is a value outside a fixed list.
type choiceError struct {
	value   string
	choices []string
}

func (e *choiceError) Error() string {
	return fmt.Sprintf("wants %s, got %q", strings.Join(e.choices, " or "), e.value)
}

func (e *choiceError) Hint() string {
	if near := suggest.Nearest(e.value, e.choices); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

func choice(name string, choices []string, field func(*Config) *string) key {
	return key{
		name: name,
		set: func(c *Config, v, _ string) error {
			if v != "" && !slices.Contains(choices, v) {
				return &choiceError{value: v, choices: choices}
			}
			*field(c) = v
			return nil
		},
		show: func(c *Config) string { return *field(c) },
	}
}

func matching(name string, form *regexp.Regexp, what string, field func(*Config) *string) key {
	return key{
		name: name,
		set: func(c *Config, v, _ string) error {
			if v == "" {
				v = *field(Defaults())
			} else if !form.MatchString(v) {
				return fmt.Errorf("wants %s, got %q", what, v)
			}
			*field(c) = v
			return nil
		},
		show: func(c *Config) string { return *field(c) },
	}
}

func path(name string, field func(*Config) *string) key {
	return key{
		name: name,
		set: func(c *Config, v, folder string) error {
			if strings.ContainsRune(v, 0) {
				return fmt.Errorf("wants a path, got %q", v)
			}
			*field(c) = absolute(v, folder)
			return nil
		},
		show: func(c *Config) string { return *field(c) },
	}
}

// source is an s3:// or file:// URL, or a path. Whether it exists is seen when it is read.
func source(name string, field func(*Config) *string) key {
	return key{
		name: name,
		set: func(c *Config, v, folder string) error {
			scheme, rest, isURL := strings.Cut(v, "://")
			authority, _, _ := strings.Cut(rest, "/")
			switch {
			case strings.HasPrefix(v, "s3:") && !isURL:
				return fmt.Errorf("%q is no URL; wants s3://bucket/prefix, or ./%s for a folder of that name", v, v)
			case strings.HasPrefix(v, "file:") && !isURL:
				return fmt.Errorf("%q is no URL; wants file:///path, or ./%s for a folder of that name", v, v)
			case !isURL:
				v = absolute(v, folder)
			case scheme == "s3" && strings.Contains(authority, "@"):
				// It would stand in plans, errors and the journal.
				return errors.New("credentials do not belong in a URL: s3://xxxxx@…; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
			case scheme == "s3" && (rest == "" || strings.HasPrefix(rest, "/")):
				return fmt.Errorf("%q names no bucket; wants s3://bucket/prefix", v)
			case scheme == "s3":
			case scheme == "file" && !strings.HasPrefix(rest, "/"):
				return fmt.Errorf("%q is not an absolute file URL; wants file:///path", v)
			case scheme == "file":
			default:
				return fmt.Errorf("wants an s3:// or file:// URL or a path, got %q", RedactDSN(v))
			}
			*field(c) = v
			return nil
		},
		show: func(c *Config) string { return *field(c) },
	}
}

func flag(name string, field func(*Config) *bool) key {
	return key{
		name: name, kind: boolean,
		set: func(c *Config, v, _ string) error {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return wants(boolean, v)
			}
			*field(c) = b
			return nil
		},
		show: func(c *Config) string { return strconv.FormatBool(*field(c)) },
	}
}

func whole(low, high int64, assign func(*Config, int64)) func(*Config, string, string) error {
	return func(c *Config, v, _ string) error {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return wants(integer, v)
		}
		if n < low || n > high {
			return fmt.Errorf("wants a number from %d to %d, got %d", low, high, n)
		}
		assign(c, n)
		return nil
	}
}

func bytes(name string, low int64, field func(*Config) *int64) key {
	return key{
		name: name, kind: size,
		set: func(c *Config, v, _ string) error {
			n, err := parseSize(v)
			if err != nil {
				return err
			}
			if n < low {
				return fmt.Errorf("wants at least %s, got %s", formatSize(low), v)
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return formatSize(*field(c)) },
	}
}

// absolute makes a path absolute. A leading "~" has been expanded by the shell or is meant literally.
func absolute(p, folder string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(folder, p)
}

// units are the suffixes of a size, longest first so that "KiB" is not taken for "B".
var units = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

func parseSize(v string) (int64, error) {
	digits, unit := strings.TrimSpace(v), int64(1)
	for _, u := range units {
		if d, ok := strings.CutSuffix(digits, u.name); ok {
			digits, unit = strings.TrimSpace(d), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	// 1<<62 keeps the product clear of overflow.
	if err != nil || !(n >= 0) || n*float64(unit) > 1<<62 {
		return 0, wants(size, v)
	}
	return int64(n * float64(unit)), nil
}

func formatSize(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// parseDuration takes Go's durations and whole or fractional days ("7d"), which ages are counted in.
func parseDuration(v string) (time.Duration, error) {
	var d time.Duration
	if days, ok := strings.CutSuffix(v, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n <= 36500) {
			return 0, wants(duration, v)
		}
		d = time.Duration(n * 24 * float64(time.Hour))
	} else {
		var err error
		if d, err = time.ParseDuration(v); err != nil {
			return 0, wants(duration, v)
		}
	}
	if d < 0 {
		return 0, fmt.Errorf("wants a positive duration, got %q", v)
	}
	return d, nil
}

func sortedNames(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
