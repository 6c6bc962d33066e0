package dwhtest

import (
	"errors"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

// PGProxy stands between a client and PostgreSQL and can cut their connections, as a failing
// network does.
type PGProxy struct {
	dsn    string
	target string

	mu     sync.Mutex
	conns  map[*net.TCPConn]bool
	budget int64 // bytes that clients may still send before the cut; -1: no limit
	cuts   int
	closed bool
}

// CutProxy returns a proxy to the server of dsn, whose DSN goes through it. It lives until the
// test's end.
func CutProxy(t testing.TB, dsn string) *PGProxy {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatalf("CutProxy: %v", err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("CutProxy: the DSN is no URL") // the error would quote the password
	}
	network, target := pgconn.NetworkAddress(config.Host, config.Port)
	if network != "tcp" {
		t.Fatalf("CutProxy: got network %s, want tcp", network)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("CutProxy: %v", err)
	}
	u.Host = listener.Addr().String()
	p := &PGProxy{dsn: u.String(), target: target, conns: map[*net.TCPConn]bool{}, budget: -1}
	var group errgroup.Group
	group.Go(func() error { return p.accept(listener, &group) })
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		_ = listener.Close()
		p.Cut()
		_ = group.Wait() // a connection that breaks is what the proxy is for
	})
	return p
}

// DSN is the connection string through the proxy.
func (p *PGProxy) DSN() string { return p.dsn }

// Cut resets all connections at once. New ones are let through.
func (p *PGProxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut()
}

// CutAfter resets all connections when clients have sent n more bytes, counted over all of them;
// those n bytes reach the server. New connections are let through afterwards. Clients cannot tell
// how much the server saw.
func (p *PGProxy) CutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget = n
}

// Cuts is how often CutAfter's limit was reached.
func (p *PGProxy) Cuts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cuts
}

// cut needs mu.
func (p *PGProxy) cut() {
	p.budget = -1
	for c := range p.conns {
		_ = c.SetLinger(0) // a reset, not an orderly end
		_ = c.Close()
	}
	clear(p.conns)
}

func (p *PGProxy) accept(listener net.Listener, group *errgroup.Group) error {
	for {
		client, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		c, s := client.(*net.TCPConn), server.(*net.TCPConn)
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			_, _ = c.Close(), s.Close()
			return nil
		}
		p.conns[c], p.conns[s] = true, true
		p.mu.Unlock()
		group.Go(func() error { p.pipe(s, c, p.spend); return nil })
		group.Go(func() error { p.pipe(c, s, func(n int) (int, bool) { return n, false }); return nil })
	}
}

// pipe copies until either side ends; allow says how much of what was read goes on, and whether the
// cut follows.
func (p *PGProxy) pipe(to, from *net.TCPConn, allow func(n int) (pass int, cut bool)) {
	defer func() {
		_, _ = to.Close(), from.Close()
		p.mu.Lock()
		delete(p.conns, to)
		delete(p.conns, from)
		p.mu.Unlock()
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		pass, cut := allow(n)
		if _, writeErr := to.Write(buffer[:pass]); writeErr != nil || err != nil || cut {
			if cut {
				p.Cut()
			}
			return
		}
	}
}

// spend takes n bytes of the budget.
func (p *PGProxy) spend(n int) (pass int, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.budget < 0 {
		return n, false
	}
	if int64(n) < p.budget {
		p.budget -= int64(n)
		return n, false
	}
	pass = int(p.budget)
	p.budget = 0
	p.cuts++
	return pass, true
}
