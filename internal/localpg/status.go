package localpg

import (
	"context"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
)

// Database is one of the server's databases.
type Database struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"` // size on disk, in bytes
}

// Running says how to reach a server that is up, as far as the data folder tells: it neither
// connects nor takes the folder's lock, so that a server that is just ending may not answer.
// Version is not known then. For whatever else, false: Start finds out what it is.
func (s *Server) Running(ctx context.Context) (Info, bool) {
	a, err := serverAccount(s.dataDir)
	if err != nil {
		return Info{}, false
	}
	folder, err := os.Lstat(s.dataDir)
	if err != nil || !folder.IsDir() {
		return Info{}, false
	}
	if uid, _, ok := owner(folder); !ok || uid != a.uid {
		return Info{}, false
	}
	if made, err := s.exists(); err != nil || !made || !s.hasAdmin() || s.readableByOthers(folder) {
		return Info{}, false // Start upgrades and repairs
	}
	p, err := s.running(ctx)
	if err != nil || p == nil || !p.ready || p.port == 0 {
		return Info{}, false
	}
	password, err := s.password()
	if err != nil {
		return Info{}, false
	}
	return Info{Host: loopback, Port: p.port, Socket: p.socket, User: Role, Password: password}, true
}

// Status describes a server without starting it.
type Status struct {
	DataDir     string `json:"data_dir"`          // the server's data folder
	LogPath     string `json:"log"`               // the file of the server's log
	Initialized bool   `json:"initialized"`       // there is a cluster
	Major       int    `json:"major,omitempty"`   // of the cluster's PostgreSQL; 0 without one
	Running     bool   `json:"running"`           // a server runs; else what follows is empty
	PID         int    `json:"pid,omitempty"`     // the server's process id
	Host        string `json:"host,omitempty"`    // of TCP connections, always 127.0.0.1
	Port        int    `json:"port,omitempty"`    // of TCP connections; 0 while it is just starting
	Socket      string `json:"socket,omitempty"`  // folder of the unix socket
	Version     string `json:"version,omitempty"` // as the server reports it, such as 15.18
	// by name, templates left out; empty when the server does not run
	Databases []Database `json:"databases"`
}

// Status reports on the server and its databases; it starts nothing and waits for nothing.
func (s *Server) Status(ctx context.Context) (Status, error) {
	status := Status{DataDir: s.dataDir, LogPath: s.logPath(), Databases: []Database{}}
	made, err := s.exists()
	if err != nil || !made {
		return status, err
	}
	if status.Major, err = s.clusterVersion(); err != nil {
		return status, err
	}
	status.Initialized = status.Major != 0
	p, err := s.running(ctx)
	if p == nil || err != nil {
		return status, err
	}
	status.Running, status.PID, status.Host, status.Port, status.Socket = true, p.pid, loopback, p.port, p.socket
	if p.port == 0 {
		return status, nil // it is just starting and listens nowhere yet
	}
	a, err := serverAccount(s.dataDir)
	if err != nil {
		return status, err
	}
	password, err := s.password()
	if err != nil {
		return status, err
	}
	info := Info{Host: loopback, Port: p.port, Socket: p.socket, User: Role, Password: password}
	if status.Version, err = s.probe(ctx, info, a); err != nil {
		return status, fmt.Errorf("ask the private PostgreSQL: %w", err)
	}
	status.Databases, err = s.databases(ctx, info, a)
	return status, err
}

func (s *Server) databases(ctx context.Context, info Info, a account) (list []Database, err error) {
	err = s.as(ctx, info, a, adminDatabase, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx,
			"SELECT datname, pg_database_size(oid) FROM pg_database WHERE NOT datistemplate ORDER BY datname")
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Database])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list databases: %w", err)
	}
	return list, nil
}
