package cli

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/compact"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/load"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// copier is what performs COPY on the session's engine; what it has to say goes to watch.
func (s *session) copier(store *objectstore.Store, watch progress.Observer) (load.Copier, error) {
	options := clientcopy.Options{Workers: s.cfg.Load.Workers, BufferBytes: s.cfg.Load.BufferBytes, Logger: s.app.log}
	if s.warehouse.Engine() != sqlfile.Redshift {
		return load.ClientCopier{Store: store, Options: options}, nil
	}
	c := &redshiftCopier{
		store: store, options: options, method: s.cfg.Load.Method, anonymous: s.cfg.Anonymous,
		endpoint: s.app.env["AWS_ENDPOINT_URL_S3"] != "" || s.app.env["AWS_ENDPOINT_URL"] != "",
		watch:    watch, said: map[string]bool{},
	}
	if s.cfg.WorkPrefix == "" {
		return c, nil
	}
	prefix, err := objectstore.ParseURL(s.cfg.WorkPrefix)
	if err != nil {
		return nil, err
	}
	native, err := nativecopy.New(
		nativecopy.Options{Pool: s.warehouse.Pool(), Store: store, WorkPrefix: prefix, Logger: s.app.log},
	)
	if err != nil {
		return nil, err
	}
	c.native = native
	if s.cfg.Load.Compact {
		c.native = compact.New(compact.Options{
			Copier: native, Store: store, WorkPrefix: prefix, Workers: s.cfg.Load.Workers, Logger: s.app.log,
			Told: func(objects, packs int) {
				watch(
					progress.Event{Kind: progress.Note, Text: fmt.Sprintf("packed %d objects into %d", objects, packs)},
				)
			},
		})
	}
	return c, nil
}

// nativeCopier is COPY by Redshift, with packing or without.
type nativeCopier = compact.Copier

// redshiftCopier has Redshift copy what Redshift can read, and sends it the rows of everything
// else.
type redshiftCopier struct {
	store     *objectstore.Store
	options   clientcopy.Options
	native    nativeCopier // nil without a work prefix
	method    string       // load.method
	anonymous bool
	endpoint  bool // S3 is not AWS's
	watch     progress.Observer
	said      map[string]bool
}

// byInsert says why a load goes by INSERTs, "" when Redshift copies.
func (c *redshiftCopier) byInsert(statement *copystmt.Statement, objects []objectstore.Object) string {
	from, err := objectstore.ParseURL(statement.From)
	local := err == nil && from.Scheme() != objectstore.SchemeS3
	zip := func(o objectstore.Object) bool {
		return statement.Format == copystmt.CSV && strings.EqualFold(path.Ext(string(o.URL)), ".zip")
	}
	switch {
	case c.method == "insert":
		return "load.method is insert"
	case local || slices.ContainsFunc(
		objects, func(o objectstore.Object) bool { return o.URL.Scheme() != objectstore.SchemeS3 },
	):
		return "Redshift cannot read a local folder"
	case slices.ContainsFunc(objects, zip) || err == nil && zip(objectstore.Object{URL: from}):
		return "Redshift cannot read a .zip"
	case c.method == "copy":
		return ""
	case c.endpoint:
		return "Redshift reads only from AWS, and AWS_ENDPOINT_URL_S3 names another S3 server"
	case c.anonymous:
		return "with --anonymous there are no credentials to write a manifest"
	case statement.Auth.Kind == copystmt.NoAuth:
		return "the COPY has no IAM_ROLE that can read S3"
	}
	return ""
}

// Can implements load.Copier.
func (c *redshiftCopier) Can() load.Capabilities { return load.Capabilities{LateCounts: true} }

// Check implements load.Copier.
func (c *redshiftCopier) Check(statement *copystmt.Statement) error {
	if c.byInsert(statement, nil) != "" {
		return clientcopy.Check(statement)
	}
	if c.native == nil {
		return &nativecopy.WorkPrefixError{}
	}
	return nativecopy.Check(statement)
}

// Copy implements load.Copier.
func (c *redshiftCopier) Copy(ctx context.Context, conn *pgx.Conn, do load.Copy) (clientcopy.Result, error) {
	why := c.byInsert(do.Statement, do.Objects)
	if why == "" {
		if err := c.Check(do.Statement); err != nil {
			return clientcopy.Result{}, err
		}
		return c.native.Copy(ctx, conn, do.Statement, do.Objects, do.Progress)
	}
	if text := fmt.Sprintf("loading %s by INSERTs: %s", do.Statement.Name, why); !c.said[text] {
		c.said[text] = true
		c.watch(progress.Event{Kind: progress.Note, Text: text})
	}
	options := c.options
	options.Progress = do.Progress
	return clientcopy.Insert(ctx, conn, c.store, do.Statement, do.Objects, options)
}

// CopyRecords implements load.Copier. The records stand in no object that Redshift could read.
func (c *redshiftCopier) CopyRecords(
	ctx context.Context, conn *pgx.Conn, statement *copystmt.Statement, records []clientcopy.Record,
) ([]clientcopy.RecordResult, error) {
	return clientcopy.InsertRecords(ctx, conn, c.store, statement, records, c.options)
}

// ForRun implements load.Copier.
func (c *redshiftCopier) ForRun(run string) {
	if c.native != nil {
		c.native.ForRun(run)
	}
}

// Complete implements load.Copier.
func (c *redshiftCopier) Complete(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
) (clientcopy.Result, error) {
	if c.native == nil {
		return load.Uncounted(objects), nil // whoever loaded these had a work prefix
	}
	return c.native.Complete(ctx, statement, objects)
}
