package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/suggest"
)

const (
	variablesKey = "variables"
	serveKey     = "serve"
	notifyKey    = "notify"
)

// kind is the type of a key's value in the file.
type kind int

const (
	text kind = iota
	boolean
	integer
	number
	size     // bytes: an integer, or text with a unit
	duration // text with a unit
	list     // texts
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
	case list:
		return "a list of texts"
	default:
		return "text"
	}
}

// key is one setting: its name in the file, its type, and how its text is taken over and shown.
// set's folder is what a relative path is relative to.
type key struct {
	name string
	kind kind
	// what it means, for people: one line, with the name of its value in backquotes as flags have
	// it
	usage   string
	example string // a value to show where there is no default
	set     func(c *Config, value, folder string) error
	show    func(c *Config) string
}

// env returns the name of the key's environment variable.
func (k key) env() string {
	return "DWH_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_"))
}

// about gives a key its documentation.
func (k key) about(usage, example string) key {
	k.usage, k.example = usage, example
	return k
}

// FlagName returns the name of a key's flag, without dashes: "data-dir" for "data_dir". The flags
// of the group "serve" belong to the command of that name and do without it.
func FlagName(key string) string {
	return strings.NewReplacer("_", "-", ".", "-").Replace(strings.TrimPrefix(key, serveKey+"."))
}

// Keys returns the names of all keys but those under "sources" and "variables", as in the file,
// nested ones with a dot.
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
		key{
			name: "database_url",
			set:  func(c *Config, v, _ string) error { c.DatabaseURL = Secret(v); return nil },
			show: func(c *Config) string { return RedactDSN(c.DatabaseURL.Reveal()) },
		}.about(
			"URL of the warehouse; by default the private PostgreSQL. Keep passwords in PGPASSFILE or the "+
				"environment",
			"postgres://loader@warehouse.example.com/dwh",
		),
		choice("engine", []string{"postgres", "redshift"}, func(c *Config) *string { return &c.Engine }).
			about(
				"postgres or redshift; by default detected. With postgres, problems that concern only Redshift are "+
					"warnings",
				"redshift",
			),
		path("data_dir", func(c *Config) *string { return &c.DataDir }).
			about("folder of the private PostgreSQL; by default in your data home", "/srv/dwh"),
		matching(
			"database", `^[A-Za-z_][A-Za-z0-9_-]{0,62}$`,
			"a database's name: letters, digits, _ and -, at most 63",
			func(c *Config) *string { return &c.Database },
		).
			about("name of the warehouse's database in the private PostgreSQL; created if it does not exist", ""),
		path("project", func(c *Config) *string { return &c.Project }).
			about("folder of your project, with migrations/, transforms/, reports/, checks/ and tests/", "."),
		matching(
			"region", `^[a-z0-9-]+$`, "a region's name such as us-west-2",
			func(c *Config) *string { return &c.Region },
		).
			about("the bucket's region; by default detected", "us-west-2"),
		matching("iam_role", `^(default|arn:\S+)$`, `"default" or an ARN such as arn:aws:iam::123456789012:role/dwh`,
			func(c *Config) *string { return &c.IAMRole }).
			about("IAM role that Redshift uses to read S3: default or an ARN", ""),
		flag("anonymous", func(c *Config) *bool { return &c.Anonymous }).
			about("read public buckets without credentials", ""),
		matching(
			"work_prefix", `^s3://[^/]+(/.*)?$`, "an s3://bucket/prefix URL",
			func(c *Config) *string { return &c.WorkPrefix },
		).
			about("URL under which dwh writes manifests for Redshift", "s3://bucket/work/"),
		flag("wait", func(c *Config) *bool { return &c.Wait }).
			about("wait until another writer ends, instead of failing", ""),
		flag("strict", func(c *Config) *bool { return &c.Strict }).
			about("treat warnings as errors", ""),
		choice("log_format", []string{"text", "json"}, func(c *Config) *string { return &c.LogFormat }).
			about("format of log lines: text or json", ""),
		key{
			name: "checks.matched_share_warn_below", kind: number,
			set: func(c *Config, v, _ string) error {
				f, err := strconv.ParseFloat(v, 64)
				if err != nil {
					return wants(number, v)
				}
				if !(f >= 0 && f <= 1) {
					return fmt.Errorf("must be a share between 0 and 1, got %s", v)
				}
				c.Checks.MatchedShareWarnBelow = f
				return nil
			},
			show: func(c *Config) string { return strconv.FormatFloat(c.Checks.MatchedShareWarnBelow, 'f', -1, 64) },
		}.about("warn if the share of plays that are matched to a song is below this threshold, 0 to 1", ""),
		key{
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
				return formatDuration(c.Checks.MaxAge)
			},
		}.about("warn if the newest play is older than this; off by default", "48h"),
		count("load.batch_objects", 1, 1_000_000, func(c *Config) *int { return &c.Load.BatchObjects }).
			about("maximum number of objects that one transaction loads", ""),
		bytes("load.batch_bytes", 1, func(c *Config) *int64 { return &c.Load.BatchBytes }).
			about("maximum bytes that one transaction loads; one larger object is loaded alone", ""),
		count("load.workers", 0, 1024, func(c *Config) *int { return &c.Load.Workers }).
			about("number of objects read in parallel; 0 lets dwh choose", ""),
		// Below one MiB the largest legal row (4 MB on Redshift) could never pass in reasonable
		// steps.
		bytes("load.buffer_bytes", 1<<20, func(c *Config) *int64 { return &c.Load.BufferBytes }).
			about("memory for objects and rows that are being loaded", ""),
		choice("load.method", []string{"copy", "insert"}, func(c *Config) *string { return &c.Load.Method }).
			about("how dwh loads Redshift: copy or insert; by default the source decides", "copy"),
		flag("load.compact", func(c *Config) *bool { return &c.Load.Compact }).
			about("pack small objects into large ones before Redshift's COPY", ""),
		count("transform.parallel_rows", 1, 1_000_000_000, func(c *Config) *int { return &c.Transform.ParallelRows }).
			about("number of new rows from which PostgreSQL uses parallel workers for transforms", ""),
		key{
			name: "serve.listen",
			set: func(c *Config, v, _ string) error {
				if v == "" {
					return errors.New("must be an address, host:port or unix:/path")
				}
				c.Serve.Listen = v
				return nil
			},
			show: func(c *Config) string { return c.Serve.Listen },
		}.about("serve HTTP on `ADDRESS`, host:port or unix:/path; an address that is not loopback needs a "+
			"token", ""),
		key{
			name: "serve.host", kind: list,
			set: func(c *Config, v, _ string) error {
				c.Serve.Hosts = nil
				for _, host := range strings.Split(v, ",") {
					if host = strings.TrimSpace(host); host != "" {
						c.Serve.Hosts = append(c.Serve.Hosts, host)
					}
				}
				return nil
			},
			show: func(c *Config) string { return strings.Join(c.Serve.Hosts, ",") },
		}.about("also accept these `NAME`s in the Host header", "[dwh.example.com]"),
		path("serve.token_file", func(c *Config) *string { return &c.Serve.TokenFile }).
			about(
				"`FILE` with the token that clients must send; DWH_TOKEN holds the token itself",
				"/etc/dwh/token",
			),
		key{
			name: "serve.queue",
			set:  func(c *Config, v, _ string) error { c.Serve.Queue = v; return nil },
			show: func(c *Config) string { return c.Serve.Queue },
		}.about(
			"`URL` of an SQS queue that receives the bucket's event notifications",
			"https://sqs.us-west-2.amazonaws.com/123456789012/dwh",
		),
		period("serve.batch_age", time.Millisecond, func(c *Config) *time.Duration { return &c.Serve.BatchAge }).
			about("deliver an object after at most `DURATION`", ""),
		count("serve.batch_objects", 1, 1_000_000, func(c *Config) *int { return &c.Serve.BatchObjects }).
			about("deliver at most `N` objects in one batch", ""),
		bytes("serve.batch_bytes", 1, func(c *Config) *int64 { return &c.Serve.BatchBytes }).
			about("deliver at most `SIZE` in one batch; one larger object is a batch of its own", ""),
		period("serve.sweep", time.Millisecond, func(c *Config) *time.Duration { return &c.Serve.Sweep }).
			about("list each source completely every `DURATION`", ""),
		period("serve.poll", time.Millisecond, func(c *Config) *time.Duration { return &c.Serve.Poll }).
			about("list the newest part of an S3 source every `DURATION`", ""),
		count("serve.tries", 1, 1_000_000, func(c *Config) *int { return &c.Serve.Tries }).
			about("quarantine an object after it fails alone `N` times", ""),
		period("serve.full_check", 0, func(c *Config) *time.Duration { return &c.Serve.FullCheck }).
			about("check all rows every `DURATION`; 0s turns this off", ""),
		period("serve.lease", time.Millisecond, func(c *Config) *time.Duration { return &c.Serve.Lease }).
			about("take over when the working server is silent for `DURATION`", ""),
		period(
			"serve.shutdown_timeout", time.Millisecond,
			func(c *Config) *time.Duration { return &c.Serve.ShutdownTimeout },
		).
			about("after SIGTERM, let the current batch run for at most `DURATION`", ""),
		key{
			name: "notify.webhook",
			set: func(c *Config, v, _ string) error {
				u, err := url.Parse(v)
				if v != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
					return errors.New("must be an https:// URL")
				}
				c.Notify.Webhook = Secret(v)
				return nil
			},
			show: func(c *Config) string {
				u, err := url.Parse(c.Notify.Webhook.Reveal())
				if err != nil || u.Host == "" {
					return ""
				}
				return u.Scheme + "://" + u.Host + "/" + redacted
			},
		}.about("send a message to this URL when a run or a check fails, an object is quarantined, or the "+
			"warehouse works again",
			"https://hooks.example.com/services/dwh"),
		choice("notify.format", []string{"json", "slack"}, func(c *Config) *string { return &c.Notify.Format }).
			about("format of the messages: json or slack", ""),
		path("notify.header_file", func(c *Config) *string { return &c.Notify.HeaderFile }).
			about("file with one HTTP header that is sent with each message, such as Authorization: Bearer "+
				"…", "/etc/dwh/webhook-header"),
	}
}

func wants(k kind, got string) error { return fmt.Errorf("must be %s, got %q", k, got) }

// choiceError is a value outside a fixed list.
type choiceError struct {
	value   string
	choices []string
}

func (e *choiceError) Error() string {
	return fmt.Sprintf("must be %s, got %q", strings.Join(e.choices, " or "), e.value)
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

func matching(name, form, what string, field func(*Config) *string) key {
	return key{
		name: name,
		set: func(c *Config, v, _ string) error {
			if v == "" {
				v = *field(Defaults())
			} else if !regexp.MustCompile(form).MatchString(v) {
				// not before: every command lists the keys, several times
				return fmt.Errorf("must be %s, got %q", what, v)
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
			if err := CheckPath(v); err != nil {
				return err
			}
			*field(c) = absolute(v, folder)
			return nil
		},
		show: func(c *Config) string { return *field(c) },
	}
}

// CheckPath refuses a text that can be no path, such as a URL, which would make strange folders.
func CheckPath(text string) error {
	switch {
	case strings.ContainsRune(text, 0):
		return fmt.Errorf("must be a path, got %q", text)
	case schemeForm.MatchString(text):
		return fmt.Errorf("must be a path, not the URL %s", RedactDSN(text))
	}
	return nil
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

func count(name string, low, high int, field func(*Config) *int) key {
	return key{
		name: name, kind: integer,
		set: func(c *Config, v, _ string) error {
			n, err := strconv.Atoi(v)
			if err != nil {
				return wants(integer, v)
			}
			if n < low || n > high {
				return fmt.Errorf("must be a number from %d to %d, got %d", low, high, n)
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return strconv.Itoa(*field(c)) },
	}
}

func period(name string, low time.Duration, field func(*Config) *time.Duration) key {
	return key{
		name: name, kind: duration,
		set: func(c *Config, v, _ string) error {
			d, err := parseDuration(v)
			if err != nil {
				return err
			}
			if d < low {
				return fmt.Errorf("must be a duration of at least %s, got %q", formatDuration(low), v)
			}
			*field(c) = d
			return nil
		},
		show: func(c *Config) string { return formatDuration(*field(c)) },
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
				return fmt.Errorf("must be at least %s, got %s", formatSize(low), v)
			}
			*field(c) = n
			return nil
		},
		show: func(c *Config) string { return formatSize(*field(c)) },
	}
}

// absolute makes a path absolute. A leading "~" has been expanded by the shell or is meant
// literally.
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

// parseDuration takes Go's durations and whole or fractional days ("7d"), which ages are counted
// in.
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
		return 0, fmt.Errorf("must be a positive duration, got %q", v)
	}
	return d, nil
}

// formatDuration writes a duration without the zero units that Go ends with: 2m, not 2m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
