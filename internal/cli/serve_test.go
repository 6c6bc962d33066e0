package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/server"
)

// The settings' defaults are the server's own.
func TestServeDefaults(t *testing.T) {
	got := config.Defaults().Serve
	want := config.Serve{
		Listen: server.DefaultListen, BatchAge: server.DefaultBatchAge,
		BatchObjects: server.DefaultBatchObjects, BatchBytes: server.DefaultBatchBytes,
		Sweep: server.DefaultSweep, Poll: server.DefaultPoll, Tries: server.DefaultTries,
		FullCheck: server.DefaultFullCheck, Lease: server.DefaultLease,
		ShutdownTimeout: server.DefaultShutdown,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What is wrong with the server's settings is said with its place, before anything is started.
func TestServeFaults(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	empty, two, good := write("empty", "\n"), write("two", "a\nb\n"), write("good", "s3cret\n")
	for _, c := range []struct {
		name string
		yaml string
		args []string
		want string
	}{
		{"key", "serve:\n  batch_agee: 1s\n", nil, `:2:3: unknown key "serve.batch_agee"`},
		{"duration", "serve:\n  sweep: 0s\n", nil, `:2:10: serve.sweep must be a duration of at least 1ms, got "0s"`},
		{"number", "serve:\n  tries: 0\n", nil, ":2:10: serve.tries must be a number from 1 to 1000000, got 0"},
		{"list", "serve:\n  host: [a, 1]\n", nil, ":2:13: serve.host must be a list of texts, got a number in it"},
		{"address", "serve:\n  listen: 0.0.0.0:80\n", nil, "token"},
		{
			"flag beats file", "serve:\n  sweep: 1s\n", []string{"--sweep", "soon"},
			`--sweep: must be a duration (such as 36h or 7d), got "soon"`,
		},
		{"queue", "serve:\n  queue: nonsense\n", nil, "dwh.yaml:2: "},
		{
			"no token file", "serve:\n  token_file: nowhere\n", nil,
			"cannot read the token file: open " + filepath.Join(dir, "nowhere"),
		},
		{
			"empty token file", "", []string{"--token-file", empty},
			"--token-file: " + empty + " does not hold a token on one line",
		},
		{"two tokens", "", []string{"--token-file", two}, "does not hold a token on one line"},
		{
			"a token opens other addresses", "serve:\n  listen: 0.0.0.0:0\n",
			[]string{"--token-file", good},
			"the sources song_data, log_data and log_jsonpaths are not given",
		},
	} {
		file := write("dwh.yaml", c.yaml)
		code, stdout, stderr := run(t, append([]string{"serve", "--config", file}, c.args...)...)
		if code != 2 || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: got code %d and %q, want 2 and %q", c.name, code, stderr, c.want)
		}
		if strings.Contains(stderr, "s3cret") {
			t.Errorf("%s: got the token in %q", c.name, stderr)
		}
	}
}
