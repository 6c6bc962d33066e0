package redshiftstandin

import (
	"context"
	"crypto/md5" // the protocol's
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// handshakeTime bounds a connection's first messages.
const handshakeTime = dwhtest.Patience

// reported are the settings that a server of PostgreSQL 8.0's age reports when a connection begins
// and when they change. standard_conforming_strings is not one of them: Redshift does not know it.
var reported = map[string]bool{
	"server_version": true, "server_encoding": true, "client_encoding": true, "is_superuser": true,
	"session_authorization": true, "DateStyle": true, "integer_datetimes": true, "TimeZone": true,
}

// startupParameters are those that a client may send; any other one ends the connection, as
// IntervalStyle is known to do.
var startupParameters = map[string]bool{
	"user": true, "database": true, "client_encoding": true, "application_name": true,
	"datestyle": true, "extra_float_digits": true,
	"timezone": true, "search_path": true, "statement_timeout": true, "query_group": true,
}

// serve speaks with one client from its first byte to its last.
func (s *Server) serve(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(handshakeTime))
	client := pgproto3.NewBackend(conn, conn)
	secure := false
	for {
		message, err := client.ReceiveStartupMessage()
		if err != nil {
			return
		}
		switch m := message.(type) {
		case *pgproto3.SSLRequest:
			if s.tls == nil {
				if _, err := conn.Write([]byte{'N'}); err != nil {
					return
				}
				continue
			}
			if _, err := conn.Write([]byte{'S'}); err != nil {
				return
			}
			encrypted := tls.Server(conn, s.tls)
			if err := encrypted.Handshake(); err != nil {
				return
			}
			secure = true
			conn = encrypted
			client = pgproto3.NewBackend(conn, conn)
		case *pgproto3.GSSEncRequest:
			if _, err := conn.Write([]byte{'N'}); err != nil {
				return
			}
		case *pgproto3.CancelRequest:
			s.cancel(m.ProcessID, m.SecretKey)
			return
		case *pgproto3.StartupMessage:
			if s.tls != nil && !secure {
				fatal(client, "28000", "no pg_hba.conf entry for host, SSL off")
				return
			}
			if m.ProtocolVersion != pgproto3.ProtocolVersion30 {
				fatal(client, "0A000", "unsupported frontend protocol 3.2: server supports 1.0 to 3.0")
				return
			}
			parameters := map[string]string{}
			for name, value := range m.Parameters {
				parameters[strings.ToLower(name)] = value
			}
			if !s.authenticate(client, parameters) {
				return
			}
			session, err := s.open(client, parameters)
			if err != nil {
				var refused *pgconn.PgError
				if errors.As(err, &refused) {
					fatal(client, refused.Code, refused.Message)
				} else {
					fatal(client, "08006", err.Error())
				}
				return
			}
			_ = conn.SetDeadline(time.Time{})
			session.run()
			return
		default:
			return
		}
	}
}

func fatal(client *pgproto3.Backend, code, message string) {
	client.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
	_ = client.Flush() // the connection ends either way
}

// authenticate checks the parameters and asks for the password, as MD5 with a salt.
func (s *Server) authenticate(client *pgproto3.Backend, parameters map[string]string) bool {
	for name := range parameters {
		if !startupParameters[name] {
			fatal(client, "42704", fmt.Sprintf("unrecognized configuration parameter %q", name))
			return false
		}
	}
	user, known := s.login(parameters["user"])
	if s.options.SHA256 {
		s.askForDigest(client)
		return false
	}
	var salt [4]byte
	_, _ = rand.Read(salt[:]) // never fails (crypto/rand)
	client.Send(&pgproto3.AuthenticationMD5Password{Salt: salt})
	if err := client.Flush(); err != nil {
		return false
	}
	if err := client.SetAuthType(pgproto3.AuthTypeMD5Password); err != nil {
		return false
	}
	message, err := client.Receive()
	if err != nil {
		return false
	}
	answer, ok := message.(*pgproto3.PasswordMessage)
	if !ok {
		fatal(client, "08P01", "expected password response")
		return false
	}
	want := "md5" + md5Hex(md5Hex(user.password+parameters["user"])+string(salt[:]))
	if subtle.ConstantTimeCompare([]byte(want), []byte(answer.Password)) != 1 || !known {
		fatal(client, "28000", fmt.Sprintf("password authentication failed for user %q", parameters["user"]))
		return false
	}
	if name := parameters["database"]; name != s.database {
		fatal(client, "3D000", fmt.Sprintf("database %q does not exist", name))
		return false
	}
	return true
}

// askForDigest asks for the password as Redshift asks a user whose password was set as a SHA-256
// hash: by authentication type 13 (mtxr/vscode-sqltools#1415). What an answer looks like is not
// documented; no client of the tests knows it.
func (s *Server) askForDigest(client *pgproto3.Backend) {
	// Type 13, the algorithm SHA-256, and a salt and a nonce, each behind its length.
	body := make([]byte, 0, 64)
	for _, part := range []uint32{13, 0, 16} {
		body = binary.BigEndian.AppendUint32(body, part)
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	body = append(body, random[:]...)
	body = binary.BigEndian.AppendUint32(body, 16)
	body = append(body, random[:]...)
	client.Send(rawMessage(body))
	if client.Flush() == nil {
		_, _ = client.Receive() // nobody answers
	}
}

// rawMessage is an authentication request of a kind that pgproto3 does not know.
type rawMessage []byte

// Backend implements pgproto3.BackendMessage.
func (rawMessage) Backend() {}

// Decode implements pgproto3.Message.
func (rawMessage) Decode([]byte) error { return errors.New("not for reading") }

// Encode implements pgproto3.Message.
func (m rawMessage) Encode(dst []byte) ([]byte, error) {
	dst = append(dst, 'R')
	dst = binary.BigEndian.AppendUint32(dst, uint32(4+len(m)))
	return append(dst, m...), nil
}

func md5Hex(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// open connects a client to the database behind and tells it what it is connected to.
func (s *Server) open(client *pgproto3.Backend, parameters map[string]string) (*session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTime)
	defer cancel()
	backing, err := pgconn.ConnectConfig(ctx, &s.backing.Config)
	if err != nil {
		return nil, fmt.Errorf("the database behind: %w", err)
	}
	link, err := backing.Hijack()
	if err != nil {
		return nil, err
	}
	item := &session{
		server: s, client: client, link: link, front: link.Frontend, status: link.TxStatus,
		prepared: map[string]*plan{}, portals: map[string]*portal{},
	}
	item.ctx, item.cancel = context.WithCancel(context.Background())
	superuser := "on"
	begin := startupSettings(parameters)
	if user, _ := s.login(parameters["user"]); user.role != "" {
		superuser = "off"
		begin = append(begin, "SET SESSION AUTHORIZATION "+quoteIdent(user.role))
	}
	for _, sql := range append([]string{
		"SET TIME ZONE 'UTC'", "SET standard_conforming_strings = on", "SET client_encoding = 'UTF8'",
		"SET default_transaction_isolation = " + literal(s.level()),
	}, begin...) {
		if err := item.exec(sql); err != nil {
			_ = link.Conn.Close()
			return nil, err
		}
	}
	s.mu.Lock()
	s.nextID++
	item.id = s.nextID
	item.key = make([]byte, 4)
	_, _ = rand.Read(item.key) // never fails (crypto/rand)
	s.sessions[item.id] = item
	s.mu.Unlock()

	client.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{
		"server_version": "8.0.2", "server_encoding": "UNICODE", "client_encoding": "UTF8", "is_superuser": superuser,
		"session_authorization": parameters["user"], "DateStyle": "ISO, MDY", "integer_datetimes": "on",
		"TimeZone": "UTC", "padb_version": "1.0.75672", "padb_revision": "unknown",
	} {
		client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	client.Send(&pgproto3.BackendKeyData{ProcessID: item.id, SecretKey: item.key})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	return item, client.Flush()
}

// startupSettings are the SET statements for what the client asked for at its start and PostgreSQL
// knows too.
func startupSettings(parameters map[string]string) []string {
	var out []string
	for _, name := range []string{"datestyle", "extra_float_digits", "timezone", "search_path", "statement_timeout"} {
		if value, ok := parameters[name]; ok {
			if name == "statement_timeout" && strings.Trim(value, "0123456789") != "" {
				// PostgreSQL refuses this as Redshift refuses '30s' (dg/r_statement_timeout)
				value = "a whole number of milliseconds is wanted"
			}
			if name == "search_path" {
				out = append(out, "SET search_path TO "+value)
				continue
			}
			out = append(out, "SET "+name+" = "+literal(value))
		}
	}
	return out
}

// level is the name that PostgreSQL has for the database's isolation level.
func (s *Server) level() string {
	if s.options.Isolation == Serializable {
		return "serializable"
	}
	return "repeatable read"
}

// cancel passes a client's request to end its statement on to the database behind.
func (s *Server) cancel(id uint32, key []byte) {
	s.mu.Lock()
	item := s.sessions[id]
	s.mu.Unlock()
	if item == nil || string(item.key) != string(key) {
		return
	}
	item.cancelCopy()
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(s.backing.Host, fmt.Sprint(s.backing.Port)), handshakeTime)
	if err != nil {
		return // a request to cancel has no answer
	}
	defer conn.Close()
	message, err := (&pgproto3.CancelRequest{ProcessID: item.link.PID, SecretKey: item.link.SecretKey}).Encode(nil)
	if err != nil {
		return
	}
	if _, err := conn.Write(message); err == nil {
		_, _ = conn.Read(make([]byte, 1)) // the server closes when it has acted
	}
}

// literal is text as a SQL string literal, under standard_conforming_strings.
func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// quoteIdent is a name as a quoted identifier.
func quoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
