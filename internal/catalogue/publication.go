package catalogue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A PublicationFault is a publication that keeps rows from being changed: it publishes updates or
// deletions of a table that has nothing by which subscribers could find the row (PostgreSQL 15,
// Logical Replication, Publication).
type PublicationFault struct {
	Publication Name // the name of the publication
	// Table is the table without a replica identity; "" of a publication FOR ALL TABLES, which also
	// takes in the tables that a run makes for itself.
	Table Table
}

// String says what is wrong.
func (f PublicationFault) String() string {
	if f.Table.Name == "" {
		return fmt.Sprintf(
			"publication %s is FOR ALL TABLES, so it includes the work tables of a run, which have no replica "+
				"identity",
			f.Publication,
		)
	}
	return fmt.Sprintf(
		"publication %s publishes changes of table %s, which has no replica identity: its rows cannot be changed",
		f.Publication,
		f.Table.Name,
	)
}

// Fix is what to do about it, as statements to choose from.
func (f PublicationFault) Fix() string {
	if f.Table.Name == "" {
		return fmt.Sprintf(
			"publish the tables that subscribers need, by CREATE PUBLICATION … FOR TABLE …, in place of %s; or "+
				"ALTER PUBLICATION %s SET (publish = 'insert');",
			f.Publication,
			f.Publication.SQL(),
		)
	}
	return fmt.Sprintf(
		"ALTER PUBLICATION %s DROP TABLE %s; or, where subscribers need it, ALTER TABLE %s REPLICA IDENTITY FULL;",
		f.Publication.SQL(),
		f.Table.SQL(),
		f.Table.SQL(),
	)
}

// A PublicationError says that the server refused to change rows because of publications.
type PublicationError struct {
	Faults []PublicationFault // the publications that are in the way, at least one
	Err    error              // the server's
}

func (e *PublicationError) Error() string {
	var said []string
	for _, fault := range e.Faults {
		said = append(said, fault.String())
	}
	return strings.Join(said, "; ")
}

// Unwrap returns the server's error.
func (e *PublicationError) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *PublicationError) Hint() string {
	var fixes []string
	for _, fault := range e.Faults {
		fixes = append(fixes, fault.Fix())
	}
	return strings.Join(fixes, " ")
}

// PublicationFaults returns what PostgreSQL's publications would refuse in the current schema.
func PublicationFaults(ctx context.Context, q Querier) ([]PublicationFault, error) {
	rows, err := q.Query(ctx, `
		SELECT CAST(p.pubname AS text), CAST(n.nspname AS text), CAST(c.relname AS text)
		FROM pg_publication AS p
		INNER JOIN pg_publication_tables AS t ON t.pubname = p.pubname
		INNER JOIN pg_namespace AS n ON n.nspname = t.schemaname
		INNER JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.tablename
		WHERE (p.pubupdate OR p.pubdelete) AND NOT p.puballtables AND n.nspname = current_schema()
			AND CASE c.relreplident
				WHEN 'f' THEN FALSE
				WHEN 'n' THEN TRUE
				WHEN 'd' THEN NOT EXISTS (
					SELECT 1 FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid
				)
				ELSE NOT EXISTS (
					SELECT 1 FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid
				)
			END
		UNION ALL
		SELECT CAST(p.pubname AS text), '', ''
		FROM pg_publication AS p
		WHERE (p.pubupdate OR p.pubdelete) AND p.puballtables
		ORDER BY 1, 2, 3`)
	if err != nil {
		return nil, fmt.Errorf("read publications: %w", err)
	}
	faults, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (PublicationFault, error) {
		var publication, schema, table string
		err := row.Scan(&publication, &schema, &table)
		return PublicationFault{
			Publication: Name(publication),
			Table:       Table{Schema: Name(schema), Name: Name(table)},
		}, err
	})
	if err != nil {
		return nil, fmt.Errorf("read publications: %w", err)
	}
	return faults, nil
}

// ExplainPublication returns err, or a *PublicationError where publications are what PostgreSQL
// refused to change rows for (SQLSTATE 55000, whose words depend on the server's language). q reads
// the catalogue outside the transaction that failed.
func ExplainPublication(ctx context.Context, q Querier, err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "55000" || refused.Routine != "CheckCmdReplicaIdentity" {
		return err
	}
	faults, readErr := PublicationFaults(ctx, q)
	if readErr != nil {
		return err // which says what the server said
	}
	var named []PublicationFault
	for _, fault := range faults {
		if fault.Table.Name == "" || strings.Contains(refused.Message, string(fault.Table.Name)) {
			named = append(named, fault)
		}
	}
	if len(named) == 0 {
		return err
	}
	return &PublicationError{Faults: named, Err: err}
}
