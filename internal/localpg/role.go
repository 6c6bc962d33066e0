package localpg

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// everydayDraft is the everyday role while an older data folder is upgraded, and upgrader the
	// role that renames the others at the end: no session can rename its own.
	everydayDraft = "dwh_everyday"
	upgrader      = "dwh_upgrade"
)

// settleRoles sees to it that the server has an everyday role, which is no superuser, so that a
// report cannot read the server's files. A data folder of an older dwh has one role for everything
// and is upgraded, when nobody else is connected. A failure of the upgrade leaves the server as it
// was.
func (s *Server) settleRoles(ctx context.Context, info Info, a account) error {
	if s.hasAdmin() {
		return s.makeEveryday(ctx, info, a)
	}
	if err := s.upgrade(ctx, info, a); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		level := slog.LevelWarn
		if errors.Is(err, errConnected) {
			level = slog.LevelInfo // nothing is wrong
		}
		s.logger.Log(
			ctx, level,
			"the role "+Role+" of the private PostgreSQL is still a superuser; the next start tries again",
			"folder", s.dataDir, "error", err,
		)
	}
	return nil
}

// hasAdmin tells whether the data folder knows two roles.
func (s *Server) hasAdmin() bool {
	_, err := os.Lstat(s.adminPasswordPath())
	return err == nil
}

// Admin is info with the role that may do everything: it creates databases, roles and extensions.
// In a data folder of an older dwh that could not be upgraded it is the everyday role.
func (s *Server) Admin(info Info) (Info, error) {
	if !s.hasAdmin() {
		return info, nil
	}
	password, err := s.secret(s.adminPasswordPath())
	if err != nil {
		return Info{}, err
	}
	info.User, info.Password = Superuser, password
	return info, nil
}

// makeEveryday makes the everyday role of a fresh cluster. A dwh that was killed between initdb and
// this leaves it to the next.
func (s *Server) makeEveryday(ctx context.Context, info Info, a account) error {
	return s.as(ctx, info, a, adminDatabase, func(conn *pgx.Conn) error {
		var there bool
		err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", Role).Scan(&there)
		if err != nil {
			return fmt.Errorf("look for the role %s: %w", Role, err)
		}
		if there {
			return nil
		}
		password := verifier(info.Password.Reveal())
		return inTransaction(ctx, conn, createRole(Role, "LOGIN CREATEDB", password), grants(Role))
	})
}

// createRole makes a role. The everyday role gets CREATEDB and no CREATEROLE: on PostgreSQL 15 the
// latter lets it join the roles that read the server's files and run its programs.
func createRole(name, attributes, password string) string {
	return "CREATE ROLE " + pgx.Identifier{name}.Sanitize() + " " + attributes + " PASSWORD '" + password + "'"
}

// grants are what the everyday role may beyond what it owns: the checkpoint before a large commit,
// and to see what the server does.
func grants(role string) string {
	return "GRANT pg_checkpoint, pg_read_all_settings, pg_read_all_stats TO " + pgx.Identifier{role}.Sanitize()
}

func inTransaction(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// as runs f with a connection of the role that may do everything, as far as the data folder knows
// it.
func (s *Server) as(ctx context.Context, info Info, a account, database string, f func(*pgx.Conn) error) (err error) {
	if info, err = s.Admin(info); err != nil {
		return err
	}
	return s.with(ctx, info, a, database, f)
}

// with runs f with a connection of info's role.
func (s *Server) with(ctx context.Context, info Info, a account, database string, f func(*pgx.Conn) error) (err error) {
	conn, err := s.connect(ctx, info, a, database)
	if err != nil {
		return fmt.Errorf("connect to the private PostgreSQL as %s: %w", info.User, err)
	}
	defer func() {
		// The statement is done; a cancelled context shall not leave the connection to its
		// finalizer.
		closeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, conn.Close(closeCtx))
	}()
	return f(conn)
}

// upgrade gives the server of an older dwh its second role. PostgreSQL's first role has to stay a
// superuser and cannot give its objects away as a whole, so that a new role takes them over, one by
// one, and then the names are exchanged: DSNs with the role dwh go on working.
//
// Until that exchange, which is one transaction, the old role works as before, and each step may be
// repeated. The new password is kept before it is set.
func (s *Server) upgrade(ctx context.Context, info Info, a account) error {
	draft := s.adminPasswordPath() + ".new"
	admin := info
	admin.User = Superuser
	var err error
	if admin.Password, err = s.secret(draft); errors.Is(err, fs.ErrNotExist) {
		admin.Password = newPassword()
		err = writeFile(draft, []byte(admin.Password.Reveal()+"\n"), a)
	} else if err == nil {
		// Killed after the exchange?
		if conn, err := s.connect(ctx, admin, a, adminDatabase); err == nil {
			return errors.Join(conn.Close(ctx), s.endUpgrade(ctx, admin, a, draft))
		}
	}
	if err != nil {
		return fmt.Errorf("keep the superuser's password: %w", err)
	}
	secret := verifier(admin.Password.Reveal())
	var databases []string
	err = s.with(ctx, info, a, adminDatabase, func(conn *pgx.Conn) error {
		if err := s.alone(ctx, conn); err != nil {
			return err
		}
		s.logger.Info("upgrading the private PostgreSQL: its role "+Role+" gets an ordinary user's rights",
			"folder", s.dataDir)
		if _, err := conn.Exec(ctx, prepareUpgrade, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "ALTER ROLE "+upgrader+" PASSWORD '"+secret+"'"); err != nil {
			return err
		}
		rows, err := conn.Query(ctx, "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname")
		if err != nil {
			return err
		}
		databases, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return err
	}
	for _, database := range databases {
		err := s.with(ctx, info, a, database, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, handOver, pgx.QueryExecModeSimpleProtocol)
			return err
		})
		if err != nil {
			return fmt.Errorf("database %s: %w", database, err)
		}
	}
	renamer := admin
	renamer.User = upgrader
	err = s.with(ctx, renamer, a, adminDatabase, func(conn *pgx.Conn) error {
		var old string
		if err := conn.QueryRow(ctx, "SELECT rolpassword FROM pg_authid WHERE oid = 10").Scan(&old); err != nil {
			return err
		}
		if !strings.HasPrefix(old, "SCRAM-SHA-256$") {
			old = verifier(info.Password.Reveal())
		}
		return inTransaction(ctx, conn,
			"ALTER ROLE "+Role+" RENAME TO "+Superuser,
			"ALTER ROLE "+Superuser+" PASSWORD '"+secret+"'",
			"ALTER ROLE "+everydayDraft+" RENAME TO "+Role,
			"ALTER ROLE "+Role+" LOGIN PASSWORD '"+strings.ReplaceAll(old, "'", "''")+"'")
	})
	if err != nil {
		return fmt.Errorf("exchange the roles' names: %w", err)
	}
	return s.endUpgrade(ctx, admin, a, draft)
}

// sessions counts those of others.
const sessions = `SELECT count(*) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`

var errConnected = errors.New("sessions that are connected")

// alone is an error while others are connected. A session that is just ending is waited for.
func (s *Server) alone(ctx context.Context, conn *pgx.Conn) error {
	for begun := time.Now(); ; {
		var others int
		if err := conn.QueryRow(ctx, sessions).Scan(&others); err != nil {
			return err
		}
		switch {
		case others == 0:
			return nil
		case time.Since(begun) > time.Second:
			return fmt.Errorf(`%w: %d: end them, or run "dwh local stop"`, errConnected, others)
		}
		if err := pause(ctx, 5*poll); err != nil {
			return err
		}
	}
}

// endUpgrade is what is left to do after the exchange of names.
func (s *Server) endUpgrade(ctx context.Context, admin Info, a account, draft string) error {
	err := s.with(ctx, admin, a, adminDatabase, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "DROP ROLE IF EXISTS "+upgrader)
		return err
	})
	if err != nil {
		return err
	}
	return os.Rename(draft, s.adminPasswordPath())
}

// prepareUpgrade makes the two roles, and gives what belongs to no database to the new one.
const prepareUpgrade = `
DO $$
DECLARE
    one RECORD;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dwh_upgrade') THEN
        CREATE ROLE dwh_upgrade;
    END IF;
    ALTER ROLE dwh_upgrade SUPERUSER LOGIN;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dwh_everyday') THEN
        CREATE ROLE dwh_everyday;
    END IF;
    ALTER ROLE dwh_everyday CREATEDB;
    GRANT pg_checkpoint, pg_read_all_settings, pg_read_all_stats TO dwh_everyday;
    FOR one IN SELECT datname FROM pg_database WHERE datdba = 10 AND oid >= 16384 LOOP
        EXECUTE format('ALTER DATABASE %I OWNER TO dwh_everyday', one.datname);
    END LOOP;
    FOR one IN SELECT spcname FROM pg_tablespace WHERE spcowner = 10 AND oid >= 16384 LOOP
        EXECUTE format('ALTER TABLESPACE %I OWNER TO dwh_everyday', one.spcname);
    END LOOP;
    -- Who was a member of the old role is one of the new role, and no superuser by way of SET ROLE.
    FOR one IN
        SELECT DISTINCT r.rolname FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.member WHERE m.roleid = 10
    LOOP
        EXECUTE format('GRANT dwh_everyday TO %I', one.rolname);
        EXECUTE format('REVOKE %I FROM %I', (SELECT rolname FROM pg_roles WHERE oid = 10), one.rolname);
    END LOOP;
    FOR one IN
        SELECT DISTINCT r.rolname FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid WHERE m.member = 10
    LOOP
        EXECUTE format('GRANT %I TO dwh_everyday', one.rolname);
    END LOOP;
    -- Lists are kept as they were typed: one literal would be one name.
    FOR one IN
        SELECT d.datname, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
        FROM pg_db_role_setting AS s
        CROSS JOIN LATERAL unnest(s.setconfig) AS c
        LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE s.setrole = 10
    LOOP
        EXECUTE format('ALTER ROLE dwh_everyday %s SET %I TO ',
                COALESCE('IN DATABASE ' || quote_ident(one.datname), ''), one.name)
            || CASE WHEN lower(one.name) IN (
                    'search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
                THEN COALESCE(NULLIF(one.value, ''), '''''') ELSE quote_literal(one.value) END;
    END LOOP;
END
$$`

// handOver gives a database's objects of the first role to the new one, with their grants. What
// only a superuser may own stays: event triggers, foreign-data wrappers, subscriptions and
// publications of more than tables. So does what follows another object (a column's sequence, a
// table's row type) or belongs to an extension.
const handOver = `
DO $$
DECLARE
    one RECORD;
BEGIN
    SET LOCAL lock_timeout = '10s';
    FOR one IN
        WITH object (classid, objid) AS (
            SELECT 'pg_class'::regclass, oid FROM pg_class
            WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
            UNION ALL SELECT 'pg_proc'::regclass, oid FROM pg_proc WHERE proowner = 10
            UNION ALL
            SELECT 'pg_type'::regclass, oid FROM pg_type WHERE typowner = 10 AND typtype IN ('b', 'd', 'e', 'r', 'm')
            UNION ALL SELECT 'pg_namespace'::regclass, oid FROM pg_namespace WHERE nspowner = 10 AND nspname !~ '^pg_'
            UNION ALL SELECT 'pg_collation'::regclass, oid FROM pg_collation WHERE collowner = 10
            UNION ALL SELECT 'pg_conversion'::regclass, oid FROM pg_conversion WHERE conowner = 10
            UNION ALL SELECT 'pg_operator'::regclass, oid FROM pg_operator WHERE oprowner = 10
            UNION ALL SELECT 'pg_opclass'::regclass, oid FROM pg_opclass WHERE opcowner = 10
            UNION ALL SELECT 'pg_opfamily'::regclass, oid FROM pg_opfamily WHERE opfowner = 10
            UNION ALL SELECT 'pg_ts_dict'::regclass, oid FROM pg_ts_dict WHERE dictowner = 10
            UNION ALL SELECT 'pg_ts_config'::regclass, oid FROM pg_ts_config WHERE cfgowner = 10
            UNION ALL SELECT 'pg_statistic_ext'::regclass, oid FROM pg_statistic_ext WHERE stxowner = 10
            UNION ALL SELECT 'pg_foreign_server'::regclass, oid FROM pg_foreign_server WHERE srvowner = 10
            UNION ALL SELECT 'pg_largeobject'::regclass, oid FROM pg_largeobject_metadata WHERE lomowner = 10
            UNION ALL
            SELECT 'pg_publication'::regclass, oid FROM pg_publication AS p
            WHERE pubowner = 10 AND NOT puballtables
                AND NOT EXISTS (SELECT FROM pg_publication_namespace AS n WHERE n.pnpubid = p.oid)
        )
        SELECT
            CASE known.type
                WHEN 'composite type' THEN 'type' WHEN 'statistics object' THEN 'statistics' ELSE known.type
            END AS kind,
            known.identity AS name
        FROM object
        CROSS JOIN LATERAL pg_identify_object(object.classid, object.objid, 0) AS known
        WHERE (object.objid >= 16384 OR object.classid = 'pg_largeobject'::regclass)
            AND NOT EXISTS (
                SELECT FROM pg_depend AS d
                WHERE d.classid = object.classid AND d.objid = object.objid
                    AND (d.deptype = 'e' OR d.deptype IN ('a', 'i') AND d.refobjsubid > 0 AND known.type = 'sequence')
            )
            AND NOT (known.type = 'type' AND EXISTS (SELECT FROM pg_type AS t WHERE t.typarray = object.objid))
            AND known.schema IS DISTINCT FROM 'pg_toast' AND COALESCE(known.schema, '') !~ '^pg_temp_'
        ORDER BY known.type = 'schema' DESC, object.objid
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO dwh_everyday', one.kind, one.name);
    END LOOP;
    FOR one IN
        SELECT
            n.nspname, x.is_grantable, x.privilege_type, d.defaclnamespace = 0 AS everywhere,
            CASE d.defaclobjtype
                WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES'
                ELSE 'SCHEMAS'
            END AS kind,
            CASE x.grantee
                WHEN 0 THEN 'PUBLIC' WHEN 10 THEN 'dwh_everyday' ELSE quote_ident(pg_get_userbyid(x.grantee))
            END AS grantee
        FROM pg_default_acl AS d
        CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
        LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
        WHERE d.defaclrole = 10
    LOOP
        IF one.everywhere AND one.kind IN ('FUNCTIONS', 'TYPES') AND NOT EXISTS (
            SELECT FROM pg_default_acl AS d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
            WHERE d.defaclrole = 10 AND d.defaclnamespace = 0 AND x.grantee = 0
                AND d.defaclobjtype = CASE one.kind WHEN 'TYPES' THEN 'T' ELSE 'f' END
        ) THEN
            EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE dwh_everyday REVOKE ALL ON %s FROM PUBLIC', one.kind);
        END IF;
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE dwh_everyday %s GRANT %s ON %s TO %s %s',
            COALESCE('IN SCHEMA ' || quote_ident(one.nspname), ''),
            one.privilege_type, one.kind, one.grantee, CASE WHEN one.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$$`

func newPassword() Secret { return Secret(rand.Text() + rand.Text()) }

// verifier is what PostgreSQL keeps of a password (RFC 5803). A statement that sets it does not
// hold the password, which a log of statements would.
func verifier(password string) string {
	const iterations = 4096 // PostgreSQL's own number
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		panic(err) // of a length that no digest has
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf(
		"SCRAM-SHA-256$%d:%s$%s:%s",
		iterations,
		encode(salt),
		encode(stored[:]),
		encode(mac("Server Key")),
	)
}
