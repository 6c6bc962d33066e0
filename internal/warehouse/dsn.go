package warehouse

import (
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// completeDSN checks the form of the connection string and adds what Redshift needs by default: its own port, and TLS that
// verifies who answers. A setting that the user made, in the string or in a PG… variable, stays.
func completeDSN(o Options) (string, error) {
	dsn := strings.TrimSpace(o.DSN.Reveal())
	if scheme, rest, ok := strings.Cut(dsn, "://"); ok && isScheme(scheme) {
		switch scheme {
		case "postgres", "postgresql":
		case "redshift":
			dsn = "postgres://" + rest
		default:
			return "", &DSNError{Origin: o.Origin, Reason: "the scheme " + scheme + ":// is not known"}
		}
		if _, err := url.Parse(dsn); err != nil {
			// What url.Parse says may quote a part of the password.
			return "", &DSNError{Origin: o.Origin, Reason: "it is no valid URL"}
		}
	} else if dsn != "" && !strings.Contains(dsn, "=") {
		return "", &DSNError{Origin: o.Origin, Reason: "it is neither a URL nor key=value pairs"}
	}
	pc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return "", dsnError(err, o)
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

var schemeForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

func isScheme(s string) bool { return schemeForm.MatchString(s) }

// IsRedshiftHost says whether a host name is one that AWS gives to clusters and workgroups of Redshift.
func IsRedshiftHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, domain := range []string{".redshift.amazonaws.com", ".redshift-serverless.amazonaws.com", ".redshift.amazonaws.com.cn", ".redshift-serverless.amazonaws.com.cn"} {
		if strings.HasSuffix(host, domain) {
			return true
		}
	}
	return false
}

// mentions says whether the connection string sets a keyword. In key=value form a false hit inside a quoted value
// only means that no default is added.
func mentions(dsn, keyword string) bool {
	if u, ok := asURL(dsn); ok {
		return u.Query().Has(keyword)
	}
	return regexp.MustCompile(`(^|\s)` + keyword + `\s*=`).MatchString(dsn)
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
