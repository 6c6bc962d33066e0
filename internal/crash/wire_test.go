package crash_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// message is one of the frontend messages of PostgreSQL's protocol (protocol-message-formats), on
// its way to the server.
type message struct {
	n    int  // counted over all connections, from 1
	by   int  // the number of its connection
	kind byte // 'Q' query, 'P' parse, 'd' COPY data, 'c' COPY done, …; 0: a connection's first
	body []byte
}

// copying tells which messages belong to a COPY into a table. dwh has several connections: what one
// of them says does not end the COPY of another one.
type copying struct {
	table string
	by    int // the connection that copies; 0: none does
}

// of reports whether a message holds rows that go to the table.
func (c *copying) of(m message) bool {
	switch {
	case m.kind == 'Q' && isQuery(m, "copy") && bytes.Contains(m.body, []byte(c.table)):
		c.by = m.by
	case m.kind == 'Q' && m.by == c.by:
		c.by = 0
	}
	return m.kind == 'd' && m.by == c.by
}

// verdict is what becomes of a message.
type verdict int

const (
	pass      verdict = iota
	cutBefore         // every connection is reset, the message is lost
	cutAfter          // the message goes on, then every connection is reset
	// the server answers that its disk is full, to a query or to the end of a COPY
	diskFull
)

// wire stands between dwh and PostgreSQL, understands what passes, and breaks it where judge says.
// New connections are let through, unless the server is down for them.
type wire struct {
	dsn    string
	target string
	judge  func(message) verdict // one call at a time

	mu     sync.Mutex
	count  int // messages
	lines  int // connections
	down   bool
	closed bool
	conns  map[*net.TCPConn]bool
}

// newWire returns a proxy to the server of dsn; it lives until the test's end.
func newWire(t *testing.T, dsn string, judge func(message) verdict) *wire {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatalf("wire: %v", err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("wire: the DSN is no URL")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("wire: %v", err)
	}
	u.Host = listener.Addr().String()
	w := &wire{
		dsn: u.String(), target: net.JoinHostPort(config.Host, fmt.Sprint(config.Port)),
		judge: judge, conns: map[*net.TCPConn]bool{},
	}
	var group errgroup.Group
	group.Go(func() error { return w.accept(listener, &group) })
	t.Cleanup(func() {
		w.mu.Lock()
		w.closed = true
		w.cut()
		w.mu.Unlock()
		_ = listener.Close()
		_ = group.Wait() // a connection that breaks is what this is for
	})
	return w
}

// messages is how many have come.
func (w *wire) messages() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// cut resets all connections; it needs mu.
func (w *wire) cut() {
	for c := range w.conns {
		_ = c.SetLinger(0) // a reset, not an orderly end
		_ = c.Close()
	}
	clear(w.conns)
}

// Cut resets all connections; down says whether new ones are refused from now on.
func (w *wire) Cut(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
	w.cut()
}

func (w *wire) accept(listener net.Listener, group *errgroup.Group) error {
	for {
		accepted, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		client := accepted.(*net.TCPConn)
		// What the judge has not seen yet has to stay little; the system would hold 32 MB for it.
		_ = client.SetReadBuffer(64 << 10)
		w.mu.Lock()
		refuse := w.down || w.closed
		w.mu.Unlock()
		var server *net.TCPConn
		if !refuse {
			if dialled, err := net.Dial("tcp", w.target); err == nil {
				server = dialled.(*net.TCPConn)
			}
		}
		if server == nil {
			_ = client.SetLinger(0)
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		if w.closed {
			w.mu.Unlock()
			_, _ = client.Close(), server.Close()
			return nil
		}
		w.conns[client], w.conns[server] = true, true
		w.lines++
		l := &line{wire: w, number: w.lines, client: client, server: server}
		w.mu.Unlock()
		group.Go(func() error { l.forward(); return nil })
		group.Go(func() error { l.back(); return nil })
	}
}

// line is one connection through the wire.
type line struct {
	*wire
	number         int
	client, server *net.TCPConn

	state sync.Mutex
	full  bool // the next error from the server is to be the one of a full disk
}

func (l *line) close() {
	_, _ = l.client.Close(), l.server.Close()
	l.wire.mu.Lock()
	defer l.wire.mu.Unlock()
	delete(l.conns, l.client)
	delete(l.conns, l.server)
}

// read reads a message; typed says whether it begins with its kind.
func read(from io.Reader, typed bool) (kind byte, body []byte, err error) {
	var head [5]byte
	at := head[1:]
	if typed {
		at = head[:]
	}
	if _, err := io.ReadFull(from, at); err != nil {
		return 0, nil, err
	}
	body = make([]byte, binary.BigEndian.Uint32(head[1:])-4)
	_, err = io.ReadFull(from, body)
	return head[0], body, err
}

func write(to io.Writer, kind byte, body []byte) error {
	var out []byte
	if kind != 0 {
		out = append(out, kind)
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)+4))
	_, err := to.Write(append(out, body...))
	return err
}

func (l *line) forward() {
	defer l.close()
	for first := true; ; first = false {
		kind, body, err := read(l.client, !first)
		if err != nil {
			return
		}
		l.wire.mu.Lock()
		l.count++
		what := l.judge(message{n: l.count, by: l.number, kind: kind, body: body})
		if what == cutBefore {
			l.cut()
		}
		l.wire.mu.Unlock()
		if what == cutBefore {
			return
		}
		switch {
		case what == diskFull && kind == 'c':
			l.state.Lock()
			l.full = true
			l.state.Unlock()
			// CopyFail: the server gives the statement up, as it does by itself
			kind, body = 'f', []byte("no space\x00")
		case what == diskFull && kind == 'Q':
			body = []byte("DO $$ BEGIN RAISE disk_full USING MESSAGE = '" + noSpace + "'; END $$\x00")
		}
		if err := write(l.server, kind, body); err != nil {
			return
		}
		if what == cutAfter {
			l.Cut(false)
			return
		}
	}
}

func (l *line) back() {
	defer l.close()
	for {
		kind, body, err := read(l.server, true)
		if err != nil {
			return
		}
		if kind == 'E' {
			l.state.Lock()
			if l.full {
				l.full = false
				body = errorResponse(body)
			}
			l.state.Unlock()
		}
		if err := write(l.client, kind, body); err != nil {
			return
		}
	}
}

// noSpace is what a server says whose disk is full.
const noSpace = `could not extend file "base/16384/16397": No space left on device`

// errorResponse makes an error that of a full disk (SQLSTATE 53100, as mdextend raises it).
func errorResponse(body []byte) []byte {
	var out []byte
	for _, field := range bytes.Split(body, []byte{0}) {
		switch {
		case len(field) == 0:
			continue
		case field[0] == 'C':
			field = []byte("C53100")
		case field[0] == 'M':
			field = []byte("M" + noSpace)
		case slices.Contains([]byte("DHW"), field[0]):
			continue
		}
		out = append(append(out, field...), 0)
	}
	return append(out, 0)
}
