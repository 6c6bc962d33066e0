package redshiftstandin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sparkify/dwh/internal/sqlfile"
)

// Limits of Redshift.
const (
	maxStatement  = 16 << 20 // bytes of a statement, dg/c_redshift-sql
	maxParameters = 32767    // of a prepared statement
)

// A plan is what becomes of one statement.
type plan struct {
	kind   string // its first words, such as CREATE TABLE
	sql    string // what PostgreSQL gets instead
	edits  []edit // between the text that came and sql; nil where positions cannot be given back
	banned bool   // refused in a transaction block (SQLSTATE 25001)
	writes bool   // can meet a serialization error
	// local performs the statement instead of passing sql on, and returns the command's tag.
	local func(*session) (string, error)
}

type portal struct{ plan *plan }

// session is one client's connection.
type session struct {
	server *Server
	client *pgproto3.Backend
	link   *pgconn.HijackedConn
	front  *pgproto3.Frontend
	id     uint32
	key    []byte
	ctx    context.Context
	cancel context.CancelFunc

	copying  sync.Mutex // guards stopCopy
	stopCopy context.CancelFunc

	status   byte // of the transaction: I, T or E
	wrote    bool // this transaction block
	skip     bool // to the next Sync, after an error
	prepared map[string]*plan
	portals  map[string]*portal
}

// errGone says that one of the two connections is over.
var errGone = errors.New("connection closed")

func (s *session) run() {
	defer func() {
		s.cut()
		s.server.mu.Lock()
		delete(s.server.sessions, s.id)
		s.server.mu.Unlock()
	}()
	for {
		message, err := s.client.Receive()
		if err != nil {
			return
		}
		if err := s.handle(message); err != nil {
			return
		}
	}
}

// cut ends the connection to the database behind, and with it what runs there.
func (s *session) cut() {
	s.cancel()
	_ = s.link.Conn.Close()
}

func (s *session) cancelCopy() {
	s.copying.Lock()
	defer s.copying.Unlock()
	if s.stopCopy != nil {
		s.stopCopy()
	}
}

func (s *session) handle(message pgproto3.FrontendMessage) error {
	if s.skip {
		switch message.(type) {
		case *pgproto3.Sync, *pgproto3.Terminate:
		default:
			return nil
		}
	}
	switch m := message.(type) {
	case *pgproto3.Terminate:
		return errGone
	case *pgproto3.Query:
		return s.query(m.String)
	case *pgproto3.Parse:
		return s.parse(m)
	case *pgproto3.Bind:
		return s.bind(m)
	case *pgproto3.Describe:
		return s.describe(m)
	case *pgproto3.Execute:
		return s.execute(m)
	case *pgproto3.Close:
		return s.closeObject(m)
	case *pgproto3.Flush:
		return s.client.Flush()
	case *pgproto3.Sync:
		s.skip = false
		if err := s.send(&pgproto3.Sync{}); err != nil {
			return err
		}
		if err := s.relay(nil, func(pgproto3.BackendMessage) bool { return false }); err != nil {
			return err
		}
		return s.ready()
	default:
		return s.fail(
			&refusal{
				code: "0A000", page: "mgmt/connecting-to-cluster",
				message: fmt.Sprintf("message %T is not taken here", message),
			},
		)
	}
}

// ready tells the client that a statement or a batch is over.
func (s *session) ready() error {
	if s.status == 'I' {
		s.wrote = false
	}
	s.client.Send(&pgproto3.ReadyForQuery{TxStatus: s.status})
	return s.client.Flush()
}

// query runs a simple query.
func (s *session) query(sql string) error {
	s.server.record(sql)
	statements := splitStatements(sql)
	if len(statements) == 0 {
		s.client.Send(&pgproto3.EmptyQueryResponse{})
		return s.ready()
	}
	if len(statements) > 1 && !s.server.options.Scripts {
		if err := s.fail(
			&refusal{
				code: "42601", page: "dg/cm_chap_SQLCommandRef",
				message: "several statements in one string: what Redshift makes of them is not " +
					"documented, send one at a time",
			},
		); err != nil {
			return err
		}
		return s.ready()
	}
	block := len(statements) > 1 && s.status == 'I' && !slices.ContainsFunc(statements, transactional)
	if block {
		if err := s.exec("BEGIN ISOLATION LEVEL " + s.server.level()); err != nil {
			return err
		}
	}
	for _, statement := range statements {
		ok, err := s.simple(statement)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
	}
	if block {
		ending := "COMMIT"
		if s.status == 'E' {
			ending = "ROLLBACK"
		}
		if err := s.exec(ending); err != nil {
			if err := s.report(err); err != nil {
				return err
			}
		}
	}
	return s.ready()
}

// simple runs one statement of a simple query; ok is false when it failed.
func (s *session) simple(sql string) (ok bool, err error) {
	p, err := s.analyse(sql)
	if err == nil {
		err = s.allowed(p)
	}
	if err != nil {
		return false, s.report(err)
	}
	if p.local != nil {
		return s.perform(p)
	}
	if err := s.send(&pgproto3.Query{String: p.sql}); err != nil {
		return false, err
	}
	ok = true
	err = s.relay(p, func(m pgproto3.BackendMessage) bool {
		if _, failed := m.(*pgproto3.ErrorResponse); failed {
			ok = false
		}
		return true
	})
	s.noteWrite(p)
	return ok, err
}

// perform runs a statement that is not simply passed on.
func (s *session) perform(p *plan) (ok bool, err error) {
	tag, err := p.local(s)
	if err != nil {
		return false, s.report(err)
	}
	s.noteWrite(p)
	s.client.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return true, nil
}

func (s *session) noteWrite(p *plan) { s.wrote = s.wrote || p.writes && s.status == 'T' }

// allowed checks what depends on the transaction that the statement is in, and raises what
// Raise1023 ordered.
func (s *session) allowed(p *plan) error {
	ends := p.kind == "COMMIT" || p.kind == "ROLLBACK"
	switch {
	case s.status == 'E' && !ends:
		return &refusal{
			code:    "25P02",
			message: "current transaction is aborted, commands ignored until end of transaction block",
		}
	case s.status == 'T' && p.banned:
		return &refusal{
			code: "25001", page: "dg/r_ALTER_TABLE",
			message: p.kind + " cannot run inside a transaction block",
		}
	}
	commits := s.status == 'T' && p.kind == "COMMIT" && s.wrote
	if !p.writes && !commits {
		return nil
	}
	conflict := s.server.takeConflict(s.status == 'I', commits)
	if conflict == nil {
		return nil
	}
	if commits {
		if err := s.exec("ROLLBACK"); err != nil {
			return err
		}
	}
	return conflict
}

// serializationError is how Redshift reports that concurrent transactions have no serial order
// (dg/c_serial_isolation-serializable-isolation-troubleshooting); that its SQLSTATE is XX000 is
// what its other errors of the storage layer have.
func serializationError(table string) *refusal {
	if table == "" {
		table = "108261"
	}
	return &refusal{
		code: "XX000", message: "1023",
		detail: "Serializable isolation violation on table - " + table +
			", transactions forming the cycle are: 2178, 2176 (pid:17321)",
	}
}

// A refusal is an error of the stand-in's own.
type refusal struct {
	code, page, message, detail string
	position                    int // in characters from 1; 0 unknown
}

func (r *refusal) Error() string {
	if r.page == "" {
		return r.message
	}
	return r.message + " (" + r.page + ")"
}

// report sends an error to the client: a refusal, or what the database behind said. Any other error
// is fatal.
func (s *session) report(err error) error {
	var own *refusal
	var behind *pgconn.PgError
	switch {
	case errors.As(err, &own):
		return s.fail(own)
	case errors.As(err, &behind):
		response := &pgproto3.ErrorResponse{
			Severity: behind.Severity, Code: behind.Code, Message: behind.Message,
			Detail: behind.Detail, Hint: behind.Hint,
			TableName: behind.TableName, ConstraintName: behind.ConstraintName,
		}
		translate(response, nil)
		return s.failWith(response)
	}
	return err
}

func (s *session) fail(r *refusal) error {
	response := &pgproto3.ErrorResponse{Severity: "ERROR", Code: r.code, Message: r.Error(), Detail: r.detail}
	if r.position > 0 {
		response.Position = int32(r.position)
	}
	return s.failWith(response)
}

// failWith sends an error and brings the transaction block, if there is one, into the failed state.
func (s *session) failWith(response *pgproto3.ErrorResponse) error {
	if s.status == 'T' {
		if err := s.exec("DO $$BEGIN RAISE EXCEPTION 'refused by the stand-in'; END$$"); errors.Is(err, errGone) {
			return err
		}
	}
	s.client.Send(response)
	return nil
}

// failExtended is fail in the extended protocol: what follows is skipped to the next Sync.
func (s *session) failExtended(err error) error {
	s.skip = true
	return s.report(err)
}

// parse prepares a statement.
func (s *session) parse(m *pgproto3.Parse) error {
	s.server.record(m.Query)
	statements := splitStatements(m.Query)
	if len(statements) > 1 {
		return s.failExtended(
			&refusal{code: "42601", message: "cannot insert multiple commands into a prepared statement"},
		)
	}
	p := &plan{}
	if len(statements) == 1 {
		var err error
		if p, err = s.analyse(statements[0]); err != nil {
			return s.failExtended(err)
		}
	}
	s.prepared[m.Name] = p
	if p.local != nil {
		s.client.Send(&pgproto3.ParseComplete{})
		return nil
	}
	return s.forward(p, &pgproto3.Parse{
		Name: m.Name, Query: p.sql, ParameterOIDs: m.ParameterOIDs,
	}, func(m pgproto3.BackendMessage) bool {
		_, ok := m.(*pgproto3.ParseComplete)
		return ok
	})
}

// bind gives a prepared statement its parameters.
func (s *session) bind(m *pgproto3.Bind) error {
	p := s.prepared[m.PreparedStatement]
	if p == nil {
		return s.failExtended(
			&refusal{code: "26000", message: fmt.Sprintf("prepared statement %q does not exist", m.PreparedStatement)},
		)
	}
	if len(m.Parameters) > maxParameters {
		return s.failExtended(
			&refusal{
				code: "0A000", page: "dg/r_PREPARE",
				message: fmt.Sprintf("%d parameters, the limit is %d", len(m.Parameters), maxParameters),
			},
		)
	}
	s.portals[m.DestinationPortal] = &portal{plan: p}
	if p.local != nil {
		if len(m.Parameters) > 0 {
			return s.failExtended(&refusal{code: "42P02", message: p.kind + " takes no parameters"})
		}
		s.client.Send(&pgproto3.BindComplete{})
		return nil
	}
	binary := slices.Contains(m.ResultFormatCodes, 1)
	name := m.DestinationPortal
	if err := s.forward(p, m, func(m pgproto3.BackendMessage) bool {
		_, ok := m.(*pgproto3.BindComplete)
		return ok
	}); err != nil || s.skip || !binary {
		return err
	}
	// Redshift's binary NUMERIC is not PostgreSQL's since 1.0.27554 (npgsql #3843), so a client
	// that asks for it reads nonsense.
	if err := s.send(&pgproto3.Describe{ObjectType: 'P', Name: name}, &pgproto3.Flush{}); err != nil {
		return err
	}
	for {
		message, err := s.front.Receive()
		if err != nil {
			return errGone
		}
		switch m := message.(type) {
		case *pgproto3.RowDescription:
			for _, field := range m.Fields {
				if field.DataTypeOID == numericOID && field.Format == 1 {
					return s.failExtended(
						&refusal{
							code: "0A000", page: "npgsql #3843",
							message: fmt.Sprintf(
								"column %q: NUMERIC is asked for in binary, which Redshift "+
									"writes in a form of its own; use default_query_exec_mode=exec",
								field.Name,
							),
						},
					)
				}
			}
			return nil
		case *pgproto3.NoData:
			return nil
		case *pgproto3.ErrorResponse:
			translate(m, p)
			s.skip = true
			s.client.Send(m)
			return nil
		}
	}
}

const numericOID = 1700

func (s *session) describe(m *pgproto3.Describe) error {
	p := s.prepared[m.Name]
	if m.ObjectType == 'P' {
		p = nil
		if bound := s.portals[m.Name]; bound != nil {
			p = bound.plan
		}
	}
	if p != nil && p.local != nil {
		if m.ObjectType == 'S' {
			s.client.Send(&pgproto3.ParameterDescription{})
		}
		s.client.Send(&pgproto3.NoData{})
		return nil
	}
	return s.forward(p, m, func(m pgproto3.BackendMessage) bool {
		switch m.(type) {
		case *pgproto3.RowDescription, *pgproto3.NoData:
			return true
		}
		return false
	})
}

func (s *session) execute(m *pgproto3.Execute) error {
	bound := s.portals[m.Portal]
	if bound == nil {
		return s.failExtended(&refusal{code: "34000", message: fmt.Sprintf("portal %q does not exist", m.Portal)})
	}
	if err := s.allowed(bound.plan); err != nil {
		return s.failExtended(err)
	}
	if bound.plan.local != nil {
		ok, err := s.perform(bound.plan)
		s.skip = !ok
		return err
	}
	s.noteWrite(bound.plan)
	return s.forward(bound.plan, m, func(m pgproto3.BackendMessage) bool {
		switch m.(type) {
		case *pgproto3.CommandComplete, *pgproto3.EmptyQueryResponse, *pgproto3.PortalSuspended:
			return true
		}
		return false
	})
}

func (s *session) closeObject(m *pgproto3.Close) error {
	if m.ObjectType == 'S' {
		delete(s.prepared, m.Name)
	} else {
		delete(s.portals, m.Name)
	}
	return s.forward(nil, m, func(m pgproto3.BackendMessage) bool {
		_, ok := m.(*pgproto3.CloseComplete)
		return ok
	})
}

func (s *session) send(messages ...pgproto3.FrontendMessage) error {
	for _, m := range messages {
		s.front.Send(m)
	}
	if err := s.front.Flush(); err != nil {
		return errGone
	}
	return nil
}

// forward passes a message of the extended protocol on and its answer back, up to the message that
// last recognizes.
func (s *session) forward(p *plan, m pgproto3.FrontendMessage, last func(pgproto3.BackendMessage) bool) error {
	if err := s.send(m, &pgproto3.Flush{}); err != nil {
		return err
	}
	for rows := 0; ; rows++ {
		message, err := s.front.Receive()
		if err != nil {
			return errGone
		}
		if response, failed := message.(*pgproto3.ErrorResponse); failed {
			translate(response, p)
			s.client.Send(response)
			s.skip = true
			return nil
		}
		if err := s.pass(message, rows); err != nil {
			return err
		}
		if last(message) {
			return nil
		}
	}
}

// relay passes the answer to a simple query or a Sync back, as far as want lets it, up to the end.
func (s *session) relay(p *plan, want func(pgproto3.BackendMessage) bool) error {
	for rows := 0; ; rows++ {
		message, err := s.front.Receive()
		if err != nil {
			return errGone
		}
		if m, over := message.(*pgproto3.ReadyForQuery); over {
			s.status = m.TxStatus
			return nil
		}
		if !want(message) {
			continue
		}
		if m, failed := message.(*pgproto3.ErrorResponse); failed {
			translate(m, p)
		}
		if err := s.pass(message, rows); err != nil {
			return err
		}
	}
}

// pass sends one message of the database behind to the client.
func (s *session) pass(message pgproto3.BackendMessage, rows int) error {
	switch m := message.(type) {
	case *pgproto3.ParameterStatus:
		if !reported[m.Name] {
			return nil
		}
	case *pgproto3.NoticeResponse:
		m.SeverityUnlocalized = ""
	case *pgproto3.CopyInResponse, *pgproto3.CopyOutResponse, *pgproto3.CopyBothResponse:
		return fmt.Errorf("a COPY reached the database behind: %T", message)
	}
	s.client.Send(message)
	if rows%1000 == 999 { // bounds what is buffered
		return s.client.Flush()
	}
	return nil
}

// exec runs SQL of the stand-in's own on the session's connection.
func (s *session) exec(sql string) error {
	_, err := s.rows(sql)
	return err
}

// rows runs SQL of the stand-in's own and returns its rows, NULL as nil. An error of the server is
// a *pgconn.PgError.
func (s *session) rows(sql string) ([][]*string, error) {
	if err := s.send(&pgproto3.Query{String: sql}); err != nil {
		return nil, err
	}
	var rows [][]*string
	var failure error
	for {
		message, err := s.front.Receive()
		if err != nil {
			return nil, errGone
		}
		switch m := message.(type) {
		case *pgproto3.DataRow:
			row := make([]*string, len(m.Values))
			for i, value := range m.Values {
				if value != nil {
					text := string(value)
					row[i] = &text
				}
			}
			rows = append(rows, row)
		case *pgproto3.ErrorResponse:
			failure = pgconn.ErrorResponseToPgError(m)
		case *pgproto3.ReadyForQuery:
			s.status = m.TxStatus
			return rows, failure
		}
	}
}

// translate turns PostgreSQL's error into the one that Redshift would give.
func translate(m *pgproto3.ErrorResponse, p *plan) {
	switch {
	case m.Code == "40001":
		r := serializationError(m.TableName)
		m.Code, m.Message, m.Detail, m.Hint = r.code, r.message, r.detail, ""
	case m.Code == "23514" && strings.HasPrefix(m.ConstraintName, lengthCheck):
		length, _, _ := strings.Cut(strings.TrimPrefix(m.ConstraintName, lengthCheck), "_")
		m.Code, m.Message, m.Detail = "22001", "value too long for type character varying("+length+")", ""
	}
	if m.Position > 0 {
		if p == nil || p.edits == nil && p.sql == "" {
			m.Position = 0
		} else {
			m.Position = int32(originalPosition(p.sql, p.edits, int(m.Position)))
		}
	}
	// A server of that age knows none of these fields.
	m.SeverityUnlocalized, m.SchemaName, m.TableName, m.ColumnName, m.DataTypeName,
		m.ConstraintName = "", "", "", "", "", ""
}

// splitStatements cuts text at its semicolons; what holds nothing but comments is left out.
func splitStatements(sql string) []string {
	var out []string
	start, live := 0, false
	for _, t := range sqlfile.Tokens(sql) {
		switch t.Kind {
		case sqlfile.KindSemicolon:
			if live {
				out = append(out, sql[start:t.Start])
			}
			start, live = t.End, false
		case sqlfile.KindComment, sqlfile.KindMarker:
		default:
			live = true
		}
	}
	if live {
		out = append(out, sql[start:])
	}
	return out
}

// transactional says whether a statement begins or ends a transaction block.
func transactional(sql string) bool {
	for _, t := range sqlfile.Tokens(sql) {
		if t.Kind == sqlfile.KindComment || t.Kind == sqlfile.KindMarker {
			continue
		}
		return slices.Contains(
			[]string{"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT"},
			strings.ToUpper(t.Text),
		)
	}
	return false
}
