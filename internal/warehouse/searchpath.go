package warehouse

import (
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/config"
)

// searchPathOption is the setting among the options of a connection, such as -c search_path=x.
var searchPathOption = regexp.MustCompile(`(?:^|\s)(?:-c\s*|--)search_path=((?:\\.|[^\s\\])*)`)

// Schemas are the schemas in which a configuration's connection finds tables, as far as the
// connection string and the PG… variables tell; nil means the server's default, public.
func Schemas(cfg *config.Config) []string {
	if cfg.DatabaseURL == "" {
		return nil
	}
	dsn, err := completeDSN(Options{DSN: cfg.DatabaseURL})
	if err != nil {
		return nil // told where the connection is made
	}
	pc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil
	}
	path := pc.ConnConfig.RuntimeParams["search_path"]
	if path == "" {
		for _, match := range searchPathOption.FindAllStringSubmatch(pc.ConnConfig.RuntimeParams["options"], -1) {
			path = regexp.MustCompile(`\\(.)`).ReplaceAllString(match[1], "$1")
		}
	}
	var out []string
	for name := range strings.SplitSeq(path, ",") {
		name = strings.TrimSpace(name)
		if bare, quoted := strings.CutPrefix(name, `"`); quoted {
			name = strings.ReplaceAll(strings.TrimSuffix(bare, `"`), `""`, `"`)
		} else {
			name = strings.ToLower(name)
		}
		switch name {
		case "", "pg_catalog":
			continue
		case "$user":
			name = pc.ConnConfig.User
		}
		out = append(out, name)
	}
	return out
}
