package localpg

import (
	"fmt"
	"hash/fnv"
	"net"
	"strconv"
	"strings"
)

// pickPort returns the port of the last start when it is free, else another, which the next start
// finds again.
func (s *Server) pickPort(a account) (int, error) {
	if data, err := readFile(s.portPath(), 64); err == nil {
		if port, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && port > 0 && free(port) {
			return port, nil
		}
	}
	port, err := s.freePort()
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	if err := writeFile(s.portPath(), []byte(strconv.Itoa(port)+"\n"), a); err != nil {
		return 0, fmt.Errorf("keep the server's port: %w", err)
	}
	return port, nil
}

// freePort prefers a port below those that systems hand to outgoing connections (32768 on Linux,
// 49152 on macOS), which may hold any of theirs when the server starts again; where to look first
// differs by data folder.
func (s *Server) freePort() (int, error) {
	const lowest, count, tries = 15432, 10000, 50
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.dataDir)) // never fails
	for i := range tries {
		if port := lowest + (int(h.Sum32()%count)+i*7)%count; free(port) {
			return port, nil
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func free(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
