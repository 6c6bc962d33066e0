package warehouse

import (
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// completeDSN checks the form of the connection string and adds what Redshift needs by default: its
// own port, and TLS that verifies who answers. A setting that the user made, in the string or in a
// PG… variable, stays.
func completeDSN(o Options) (string, error) {
	dsn := strings.TrimSpace(o.DSN.Reveal())
	if reason, hint := malformed(dsn); reason != "" {
		return "", &DSNError{Origin: o.Origin, Reason: reason, Advice: hint}
	}
	if rest, ok := strings.CutPrefix(dsn, "redshift://"); ok {
		dsn = "postgres://" + rest
	}
	pc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return "", dsnError(err, dsn, o)
	}
	if err := implausible(pc.ConnConfig, dsn, o); err != nil {
		return "", err
	}
	service := os.Getenv("PGSERVICE") != "" || mentions(dsn, "service")
	if !IsRedshiftHost(pc.ConnConfig.Host) || service {
		return dsn, nil
	}
	if !mentions(dsn, "sslmode") && os.Getenv("PGSSLMODE") == "" {
		dsn = with(dsn, "sslmode", "verify-full")
	}
	if !mentionsPort(dsn) && os.Getenv("PGPORT") == "" {
		dsn = with(dsn, "port", redshiftPort)
	}
	return dsn, nil
}

// The forms that a hint names. No part of a malformed string is repeated: each may be of a
// password.
const (
	urlForm      = "postgres://USER:PASSWORD@HOST:5432/DATABASE"
	redshiftForm = "redshift://USER:PASSWORD@HOST:5439/DATABASE"
	encodeHint   = "write " + urlForm +
		", and in the password %40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %3B for ; and %25 for %"
)

// malformed says what is wrong with the form of a connection string, and what to do; "" of one
// whose parts are clear. It is stricter than pgx, which takes what stands behind an unescaped
// character of a password for a host, a database or a setting, and contacts it.
func malformed(dsn string) (reason, hint string) {
	for _, scheme := range []string{"postgres://", "postgresql://", "redshift://"} {
		if rest, ok := strings.CutPrefix(dsn, scheme); ok {
			return malformedURL(rest), encodeHint
		}
	}
	switch lower := strings.ToLower(dsn); {
	case strings.HasPrefix(lower, "jdbc:"):
		form := urlForm
		if strings.HasPrefix(lower, "jdbc:redshift:") {
			form = redshiftForm
		}
		return "it is a JDBC URL, and dwh reads PostgreSQL's form",
			"leave out jdbc:, write user and password before the host, and settings after ?: " + form
	case strings.HasPrefix(lower, "postgres:"), strings.HasPrefix(lower, "postgresql:"), strings.HasPrefix(lower,
		"redshift:"):
		return "it does not begin with postgres:// in lower case", encodeHint
	case dsn != "" && !strings.Contains(dsn, "="):
		return "it is neither a URL nor key=value pairs", encodeHint
	}
	for rest := dsn; strings.TrimSpace(rest) != ""; {
		pair := firstPair.FindString(rest)
		if pair == "" || pairBehind.MatchString(pair) {
			return "it is neither a URL nor a list of key=value pairs",
				"write " + urlForm +
					`, or key=value pairs such as "host=HOST dbname=DATABASE user=USER", ` +
					"with a value that holds a blank in single quotes"
		}
		if key, _, _ := strings.Cut(pair, "="); foreign(key) {
			return foreignReason, keywordHint
		}
		rest = rest[len(pair):]
	}
	return "", ""
}

// firstPair is what libpq takes for one key and value:
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-KEYWORD-VALUE
var firstPair = regexp.MustCompile(`^\s*[A-Za-z_][A-Za-z0-9_.]*\s*=\s*` +
	`(?:'(?:[^'\\]|\\[\s\S])*'(?:\s|$)|(?:[^\s'\\]|\\[\s\S])(?:[^\s\\]|\\[\s\S])*(?:\s|$)|$)`)

// foreign tells whether a keyword is one of other programs. pgx would take it for a setting of the
// session, and contact the default server.
func foreign(keyword string) bool {
	return slices.Contains([]string{
		"data_source", "datasource", "db", "driver", "hostname", "initial_catalog", "pass", "passwd", "pwd", "server",
		"uid", "url", "username",
	}, strings.ToLower(strings.TrimSpace(keyword)))
}

const (
	foreignReason = "it has a keyword that PostgreSQL does not know"
	keywordHint   = "the keywords are host, port, dbname, user and password; or write " + urlForm
)

// pairBehind is a further pair in a value, as in Server=h;Database=dev: other programs separate
// them so.
var pairBehind = regexp.MustCompile(`^[^']*;\s*[A-Za-z_]+\s*=|;\s+$`)

// netloc is a host with its port: a name, an address, or the folder of a socket with its slashes
// encoded.
var netloc = regexp.MustCompile(`^(?:[A-Za-z0-9._-]*|\[[0-9A-Za-z:.%_-]+\]|` +
	`(?:%2[Ff]|[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)(?::[0-9]*)?$`)

// iamUser is the name that Redshift gives a user who logs in by IAM or Identity Center. No other
// name holds a colon.
var iamUser = regexp.MustCompile(`^(?:IAM[AR]?|AWSIDC):[^:]+$`)

// malformedURL says what is wrong with a URL behind its scheme, "" when nothing is.
func malformedURL(rest string) string {
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	behind := rest[len(authority):]
	hosts := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		hosts = authority[i+1:]
		user, _, _ := strings.Cut(authority[:i], ":")
		name, _ := url.PathUnescape(user) // the next line tells of the error
		decoded, err := url.PathUnescape(authority[:i])
		switch {
		case strings.Contains(authority[:i], "@"):
			return "there is more than one @ before the host"
		case err != nil || strings.ContainsRune(decoded, 0):
			return "user or password holds a % that encodes no character"
		case strings.Contains(name, ":") && !iamUser.MatchString(name):
			return "the colon between user and password is encoded"
		}
	}
	switch {
	case strings.Contains(behind, "@"):
		return "there is an @ after the host, so it is not clear where the password ends"
	case strings.ContainsAny(behind, "#;"):
		return "there is a # or ; after the host"
	}
	for _, text := range strings.Split(hosts, ",") {
		if !netloc.MatchString(text) {
			return "the host part is not HOST:PORT"
		}
	}
	path, query, _ := strings.Cut(behind, "?")
	if strings.Contains(strings.TrimPrefix(path, "/"), "/") {
		return "the database's name holds a /, which has to be encoded"
	}
	if _, err := url.PathUnescape(path); err != nil {
		return "the database's name holds a % that encodes no character"
	}
	if query == "" {
		return ""
	}
	for _, pair := range strings.Split(query, "&") {
		if !parameter.MatchString(pair) {
			return "the part after ? is not a list of key=value pairs separated by &"
		}
		if key, _, _ := strings.Cut(pair, "="); foreign(key) {
			return foreignReason
		}
	}
	if _, err := url.ParseQuery(query); err != nil {
		return "the part after ? holds a % that encodes no character"
	}
	if _, err := url.Parse("postgres://" + rest); err != nil && !strings.Contains(hosts, ",") {
		return "it is not a valid URL" // what url.Parse says may quote a part of the password
	}
	return ""
}

var parameter = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*=[^=?]*$`)

// implausible refuses a host, user or database that can only be a misplaced part of another
// connection string: errors would repeat it. It may come from a PG… variable or a service.
func implausible(cc *pgx.ConnConfig, dsn string, o Options) error {
	fault := func(what, key, variable string) error {
		e := &DSNError{Origin: o.Origin, Reason: what, Advice: encodeHint}
		if os.Getenv(variable) != "" && !sets(dsn, key) {
			e.Variable = variable
		}
		return e
	}
	hosts := []string{cc.Host}
	for _, fallback := range cc.Fallbacks {
		hosts = append(hosts, fallback.Host)
	}
	for _, host := range hosts {
		_, err := netip.ParseAddr(host)
		if err != nil && !filepath.IsAbs(host) && !strings.HasPrefix(host, "@") && !hostName.MatchString(host) {
			return fault("the host part is not a host name", "host", "PGHOST")
		}
	}
	if strings.Contains(cc.User, ":") && !iamUser.MatchString(cc.User) {
		return fault("the user's name holds a colon", "user", "PGUSER")
	}
	if _, isURL := asURL(dsn); (!isURL || !sets(dsn, "dbname")) && strings.ContainsAny(cc.Database, "@:/;") {
		return fault("the database part is not the name of a database", "dbname", "PGDATABASE")
	}
	return nil
}

// hostName is a name; names with bytes beyond ASCII are left to the resolver.
var hostName = regexp.MustCompile(`^[A-Za-z0-9._\x{80}-\x{10ffff}-]*$`)

// IsRedshiftHost says whether a host name is one that AWS gives to clusters and workgroups of
// Redshift.
func IsRedshiftHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, domain := range []string{
		".redshift.amazonaws.com", ".redshift-serverless.amazonaws.com",
		".redshift.amazonaws.com.cn", ".redshift-serverless.amazonaws.com.cn",
	} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// mentions says whether the connection string sets a keyword. In key=value form a false hit inside
// a quoted value only means that no default is added.
func mentions(dsn, keyword string) bool {
	if u, ok := asURL(dsn); ok {
		return u.Query().Has(keyword)
	}
	return regexp.MustCompile(`(^|\s)` + keyword + `\s*=`).MatchString(dsn)
}

// sets says whether the connection string itself has a value for a keyword, as a parameter or as
// the URL's host, port, user, password or database.
func sets(dsn, keyword string) bool {
	if keyword == "dbname" && mentions(dsn, "database") || mentions(dsn, keyword) {
		return true
	}
	u, ok := asURL(dsn)
	if !ok {
		return false
	}
	switch keyword {
	case "host":
		return u.Host != "" && !strings.HasPrefix(u.Host, ":")
	case "port":
		return u.Port() != ""
	case "user":
		return u.User.Username() != ""
	case "password":
		password, _ := u.User.Password()
		return password != ""
	case "dbname":
		return strings.Trim(u.Path, "/") != ""
	}
	return false
}

func mentionsPort(dsn string) bool {
	if u, ok := asURL(dsn); ok && u.Port() != "" {
		return true
	}
	return mentions(dsn, "port")
}

func with(dsn, keyword, value string) string {
	u, ok := asURL(dsn)
	if !ok {
		return dsn + " " + keyword + "=" + value
	}
	q := u.Query()
	q.Set(keyword, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func asURL(dsn string) (*url.URL, bool) {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return nil, false
	}
	u, err := url.Parse(dsn)
	return u, err == nil
}
