package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// socketScheme marks a listen address that is a unix socket.
const socketScheme = "unix:"

// An AddressError says why the server cannot listen on an address.
type AddressError struct {
	Address string // as the user gave it: host:port or unix:/path
	Reason  string // in a few words
	Advice  string // what to do next, "" when unknown
	Usage   bool   // the command line has to change
	Err     error
}

func (e *AddressError) Error() string { return fmt.Sprintf("listen on %s: %s", e.Address, e.Reason) }

// Unwrap returns the system's error, if there is one.
func (e *AddressError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *AddressError) Hint() string { return e.Advice }

// ExitCode is 2 when the command line has to change, else 1.
func (e *AddressError) ExitCode() int {
	if e.Usage {
		return 2
	}
	return 1
}

// CheckAddress returns an *AddressError for an address that cannot be one, and for one that other
// machines can reach if no token is set.
func CheckAddress(address string, token bool) error {
	if path, ok := strings.CutPrefix(address, socketScheme); ok {
		if path == "" {
			return &AddressError{
				Address: address, Reason: "the socket has no path", Advice: "write unix:/path",
				Usage: true,
			}
		}
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return &AddressError{
			Address: address, Reason: "it is not host:port",
			Advice: "write 127.0.0.1:8080, :8080 or unix:/path", Usage: true,
		}
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return &AddressError{
			Address: address, Reason: fmt.Sprintf("there is no port %s", port),
			Advice: "write a port from 1 to 65535, or 0 for one that is free", Usage: true, Err: err,
		}
	}
	if !loopback(host) && !token {
		return &AddressError{
			Address: address, Reason: "the address is not a loopback address, and no token is set", Usage: true,
			Advice: "set a token in DWH_TOKEN (or --token), or listen on 127.0.0.1 or a unix socket (unix:/path)",
		}
	}
	return nil
}

// loopback tells whether a host, without port, is this machine only.
func loopback(host string) bool {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// listen opens the address. A socket is for its owner alone; one that a dead server left behind is
// replaced.
func listen(ctx context.Context, address string) (net.Listener, error) {
	var config net.ListenConfig
	path, socket := strings.CutPrefix(address, socketScheme)
	if !socket {
		listener, err := config.Listen(ctx, "tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, &AddressError{
				Address: address, Reason: "the address is in use",
				Advice: "perhaps another dwh serve is running; a second one needs another --listen",
				Err:    err,
			}
		}
		if err != nil {
			return nil, &AddressError{
				Address: address, Reason: reasonOf(err),
				Advice: "write an address of this machine, such as 127.0.0.1:8080", Err: err,
			}
		}
		return listener, nil
	}
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = conn.Close()
		return nil, &AddressError{
			Address: address, Reason: "another server answers there",
			Advice: "give this server another path",
		}
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket == 0 {
		return nil, &AddressError{
			Address: address, Reason: "a file with this name exists, and it is not a socket",
			Advice: "choose another path", Usage: true,
		}
	} else if err == nil {
		if err := os.Remove(path); err != nil {
			return nil, &AddressError{Address: address, Reason: reasonOf(err), Err: err}
		}
	}
	// Made under another name and moved when its mode is set, so that nobody slips in before.
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	listener, err := config.Listen(ctx, "unix", fresh)
	if err != nil {
		return nil, &AddressError{
			Address: address, Reason: reasonOf(err),
			Advice: "check that the folder exists and that this user may write to it", Err: err,
		}
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	err = os.Chmod(fresh, 0o600)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_, _ = listener.Close(), os.Remove(fresh)
		return nil, &AddressError{Address: address, Reason: reasonOf(err), Err: err}
	}
	return &socketListener{listener, path}, nil
}

// socketListener removes its socket.
type socketListener struct {
	net.Listener
	path string
}

func (l *socketListener) Close() error {
	return errors.Join(l.Listener.Close(), os.Remove(l.path))
}

// reasonOf is the innermost text, without the address that stands in front already.
func reasonOf(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}
