package localpg

import (
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
)

// connectTimeout bounds one attempt to connect, in seconds.
const connectTimeout = "10"

// PoolConfig reads a connection string of a private server, as Info.DSN writes it. The PG…
// variables and the files of the user's home folder are for other servers, and take no part. pgx
// reads them whatever it is told, so that the string is given a value for each of their keywords.
func PoolConfig(dsn string) (*pgxpool.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		// err would quote the password
		return nil, errors.New("the private server's connection string is not a URL")
	}
	query := u.Query()
	for keyword, value := range map[string]string{
		"application_name": "", "options": "", "passfile": "", "timezone": "UTC",
		"channel_binding": "prefer", "require_auth": "scram-sha-256", "target_session_attrs": "any",
		"connect_timeout": connectTimeout, "min_protocol_version": "3.0", "max_protocol_version": "3.0",
		"sslmode": "disable", "sslcert": "", "sslcertmode": "allow", "sslkey": "", "sslnegotiation": "",
		"sslpassword": "", "sslrootcert": "", "sslsni": "",
	} {
		query.Set(keyword, value)
	}
	if os.Getenv("PGSERVICE") != "" {
		file, err := emptyService()
		if err != nil {
			return nil, fmt.Errorf("keep PGSERVICE away from the private server: %w: unset the variable", err)
		}
		defer os.Remove(file)
		query.Set("service", service)
		query.Set("servicefile", file)
	}
	u.RawQuery = query.Encode()
	config, err := pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, errors.New("the private server's connection string cannot be read") // as above
	}
	config.ConnConfig.RuntimeParams = map[string]string{}
	return config, nil
}

const service = "dwh"

// emptyService makes a pg_service file whose one service sets nothing: no value of the keyword
// "service" means that there is none.
func emptyService() (name string, err error) {
	file, err := os.CreateTemp("", "dwh-service-")
	if err != nil {
		return "", err
	}
	if _, err = file.WriteString("[" + service + "]\n"); err == nil {
		err = file.Close()
	} else {
		_ = file.Close()
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return file.Name(), err
}
