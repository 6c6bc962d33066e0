// Package config reads dwh's settings: defaults, then the file dwh.yaml, then the environment, then
// flags.
package config

import (
	"maps"
	"time"
)

// Config holds the settings that a command works with.
type Config struct {
	DatabaseURL Secret // "" means the private PostgreSQL
	Engine      string // "postgres", "redshift", or "" to detect it
	DataDir     string // folder of the private PostgreSQL, "" for the default one
	Database    string // the warehouse's database in the private PostgreSQL
	// folder with its own migrations and transforms, "" for the embedded ones
	Project string
	// where COPY finds objects, by the name that it says: FROM :'orders'
	Sources    map[string]Source
	Region     string // of the bucket, "" when the SDK is to find it
	IAMRole    string // "default" or an ARN
	Anonymous  bool   // read public buckets without credentials
	WorkPrefix string // s3:// prefix under which manifests are written for Redshift
	Wait       bool   // wait for another writer to end
	Strict     bool   // warnings fail the command
	LogFormat  string // "text" or "json"
	Checks     Checks
	Load       Limits
	Transform  Transform
	Serve      Serve
	Notify     Notify
	Variables  map[string]string // further psql variables, for a project's own SQL

	// Path is the configuration file that was read, "" when there was none.
	Path string
	// Ignored is the configuration file that was found and not believed, "" for none.
	Ignored string
	// Warnings are for the user, each once: an ignored file, a password on the command line.
	Warnings []string

	origins map[string]Origin
}

// Checks are the settings of the data-quality checks.
type Checks struct {
	MatchedShareWarnBelow float64       // share of plays matched to a song, 0 to 1
	MaxAge                time.Duration // of the newest play; 0 switches the freshness check off
}

// Limits bounds the objects, bytes and memory of one load transaction.
type Limits struct {
	BatchObjects int // objects committed together at most
	// bytes of objects committed together at most, unless one object alone is bigger
	BatchBytes  int64
	Workers     int   // parallel fetchers and decoders; 0 lets dwh choose
	BufferBytes int64 // memory for objects and rows in flight
	// Method is how Redshift is loaded: "copy" has it read S3 itself, "insert" sends it the rows;
	// "" chooses by the source.
	Method  string
	Compact bool // pack small objects into large ones before Redshift's COPY
}

// Transform are the settings of the transforms.
type Transform struct {
	// from how many unprocessed rows on PostgreSQL is asked to transform by several of its
	// processes
	ParallelRows int
}

// Serve are the settings of the server. Their defaults are those of package server.
type Serve struct {
	Listen          string        // where HTTP is served: host:port or unix:/path
	Hosts           []string      // Host headers that are served beside the loopback ones
	TokenFile       string        // file with the token that clients have to give, "" for none
	Queue           string        // URL of an SQS queue, "" for none
	BatchAge        time.Duration // an object is delivered after this at the latest
	BatchObjects    int           // objects in one batch, at most
	BatchBytes      int64         // bytes in one batch, at most; a larger object goes alone
	Sweep           time.Duration // between complete listings of a source
	Poll            time.Duration // between listings of the newest part of an S3 source
	Tries           int           // how often an object fails alone before its quarantine
	FullCheck       time.Duration // between checks over all rows; 0: never
	Lease           time.Duration // how long the working server is silent before another takes over
	ShutdownTimeout time.Duration // for the current batch after SIGTERM
}

// Notify are the settings of the messages about failures.
type Notify struct {
	Webhook    Secret // URL that messages are sent to, "" for none; it may be a secret as a whole
	Format     string // of the messages: "json" or "slack"
	HeaderFile string // file with a header that each message carries, "" for none
}

// Defaults returns the settings before any file, variable or flag.
func Defaults() *Config {
	return &Config{
		Database:  "dwh",
		IAMRole:   "default",
		LogFormat: "text",
		Checks:    Checks{MatchedShareWarnBelow: 0.10},
		Load:      Limits{BatchObjects: 10_000, BatchBytes: 1 << 30, BufferBytes: 32 << 20},
		Transform: Transform{ParallelRows: 100_000},
		Serve: Serve{
			Listen: "127.0.0.1:8080", BatchAge: 200 * time.Millisecond, BatchObjects: 1000,
			BatchBytes: 64 << 20, Sweep: 2 * time.Minute, Poll: 2 * time.Second,
			Tries: 5, FullCheck: time.Hour, Lease: 10 * time.Second, ShutdownTimeout: 30 * time.Second,
		},
		Notify:    Notify{Format: "json"},
		Sources:   map[string]Source{},
		Variables: map[string]string{},
		origins:   map[string]Origin{},
	}
}

// Origin says where the value of a key came from; the key is spelt as in the file ("region",
// "checks.max_age", "sources.orders", "variables.name").
func (c *Config) Origin(key string) Origin { return c.origins[key] }

// Setting is one key with its value, as it is shown to people.
type Setting struct {
	Key    string // as in dwh.yaml, nested ones with a dot
	Value  string // passwords redacted; "" when not set
	Origin Origin // where the value came from
}

// Settings returns every key in the order of the documentation, then sources and variables, with
// value and origin.
func (c *Config) Settings() []Setting {
	var all []Setting
	for _, k := range keys() {
		all = append(all, Setting{Key: k.name, Value: k.show(c), Origin: c.origins[k.name]})
	}
	for _, sortedSource := range c.SortedSources() {
		all = append(
			all,
			Setting{
				Key: sourcesKey + "." + sortedSource.Name, Value: RedactDSN(sortedSource.URL),
				Origin: sortedSource.Origin,
			},
		)
	}
	for _, name := range sortedNames(c.Variables) {
		key := variablesKey + "." + name
		value := RedactDSN(c.Variables[name])
		if secret(key) && value != "" {
			value = redacted
		}
		all = append(all, Setting{Key: key, Value: value, Origin: c.origins[key]})
	}
	return all
}

// SQLVariables returns the psql variables that SQL files may use: the sources, region and iam_role
// by their keys, as far as they are set, and the user's own.
func (c *Config) SQLVariables() map[string]string {
	vars := maps.Clone(c.Variables)
	if vars == nil {
		vars = map[string]string{}
	}
	for name, source := range c.Sources {
		vars[name] = source.URL
	}
	vars["region"], vars["iam_role"] = c.Region, c.IAMRole
	maps.DeleteFunc(vars, func(name, value string) bool {
		_, own := c.Variables[name]
		return value == "" && !own
	})
	return vars
}
