package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/server"
)

func TestHostAndToken(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), "postgres://u@127.0.0.1:1/none") // nothing connects
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	home := func(server.StateSource) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("home")) })
	}
	for _, c := range []struct {
		name, listen, token, path, host, authorization string
		want                                           int
	}{
		{"loopback", "127.0.0.1:0", "", "/", "localhost:8080", "", 200},
		{"ipv6", "127.0.0.1:0", "", "/metrics", "[::1]:8080", "", 200},
		{"foreign", "127.0.0.1:0", "", "/", "evil.example", "", 421},
		{"foreign probe", "127.0.0.1:0", "", "/healthz", "evil.example", "", 421},
		{"numbers", "127.0.0.1:0", "", "/", "10.0.0.1:80", "", 421},
		{"suffix", "127.0.0.1:0", "", "/", "localhost.evil.example", "", 421},
		{"configured", "127.0.0.1:0", "", "/", "DWH.example.com:443", "", 200},
		{"socket", "unix:/x", "", "/", "whatever", "", 200},
		{"no token", "0.0.0.0:0", "secret", "/", "localhost", "", 401},
		{"no token for metrics", "0.0.0.0:0", "secret", "/metrics", "localhost", "", 401},
		{"wrong token", "0.0.0.0:0", "secret", "/", "localhost", "Bearer secre", 401},
		{"bearer", "0.0.0.0:0", "secret", "/", "localhost", "Bearer secret", 200},
		// any:secret
		{"basic", "0.0.0.0:0", "secret", "/", "localhost", "Basic YW55OnNlY3JldA==", 200},
		{"probe", "0.0.0.0:0", "secret", "/healthz", "localhost", "", 200},
	} {
		s, err := server.New(
			server.Options{
				Pool: pool, Listen: c.listen, Token: config.Secret(c.token),
				Hosts: []string{"dwh.example.com"}, Home: home,
			},
		)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		request := httptest.NewRequest(http.MethodGet, c.path, nil)
		request.Host = c.host
		if c.authorization != "" {
			request.Header.Set("Authorization", c.authorization)
		}
		answer := httptest.NewRecorder()
		s.Handler().ServeHTTP(answer, request)
		if answer.Code != c.want {
			t.Errorf("%s: got %d %s, want %d", c.name, answer.Code, answer.Body, c.want)
		}
		if strings.Contains(answer.Body.String(), "secret") {
			t.Errorf("%s: the answer holds the token: %s", c.name, answer.Body)
		}
	}
}

func TestAddressNeedsToken(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:80": true, "[::1]:80": true, "unix:/run/dwh.sock": true,
		"0.0.0.0:80": false, ":80": false, "10.1.2.3:80": false, "example.com:80": false, "unix:": false, "8080": false,
		"127.0.0.1:0": true, "127.0.0.1:65535": true, "127.0.0.1:http": true, "127.0.0.1:65536": false,
		"127.0.0.1:99999": false, "127.0.0.1:-1": false, "127.0.0.1:nonsense": false, "127.0.0.1:80x": false,
	} {
		if err := server.CheckAddress(address, false); (err == nil) != want {
			t.Errorf("%s without a token: got %v, want allowed %t", address, err, want)
		}
	}
	if err := server.CheckAddress("0.0.0.0:80", true); err != nil {
		t.Errorf("0.0.0.0:80 with a token: got %v, want none", err)
	}
}
