package localpg_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/localpg"
)

// install makes a folder of programs that do nothing but tell a version.
func install(t *testing.T, dir, version string, programs ...string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s (Debian %s-1)'\n", version, version)
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	all := []string{"initdb", "postgres", "pg_ctl"}
	for _, version := range []string{"14.9", "15.4", "15.18", "16.2", "18beta1", "18.0"} {
		install(t, filepath.Join(root, "usr/lib/postgresql", version, "bin"), version, all...)
	}
	install(t, filepath.Join(root, "opt/homebrew/opt/postgresql@17/bin"), "17.5", all...)
	install(t, filepath.Join(root, "usr/local/opt/postgresql@16/bin"), "16.1", all...)
	install(t, filepath.Join(root, "Applications/Postgres.app/Contents/Versions/16/bin"), "16.10", all...)
	install(t, filepath.Join(root, "usr/lib/postgresql/99/bin"), "99.1", "initdb", "postgres")
	if err := os.Symlink(
		filepath.Join(root, "usr/lib/postgresql/16.2"),
		filepath.Join(root, "usr/lib/postgresql/16"),
	); err != nil {
		t.Fatal(err)
	}
	dirs := slices.DeleteFunc(
		localpg.CandidateDirs(t.Context(), root),
		func(dir string) bool { return !strings.HasPrefix(dir, root) },
	)
	usable, tooOld, unusable := localpg.FindIn(t.Context(), dirs...)
	versions := func(list []localpg.Binaries) (v []string) {
		for _, b := range list {
			v = append(v, b.Version)
		}
		return v
	}
	if got, want := versions(usable), []string{
		"18.0", "18beta1", "17.5", "16.10", "16.2", "16.1", "15.18", "15.4",
	}; !slices.Equal(got, want) {
		t.Errorf("usable: got %q, want %q", got, want)
	}
	if got, want := versions(tooOld), []string{"14.9"}; !slices.Equal(got, want) {
		t.Errorf("too old: got %q, want %q", got, want)
	}
	if len(unusable) != 1 || !strings.Contains(unusable[0], "lacks pg_ctl") {
		t.Errorf("unusable: got %q, want one that lacks pg_ctl", unusable)
	}

	s := newServer(t, t.TempDir())
	if b, err := s.Choose(t.Context(), 16, usable, tooOld); err != nil || b.Version != "16.10" {
		t.Errorf("for a cluster of version 16: got %+v, %v, want 16.10", b, err)
	}
	if b, err := s.Choose(t.Context(), 0, usable, tooOld); err != nil || b.Version != "18.0" {
		t.Errorf("for a new cluster: got %+v, %v, want 18.0", b, err)
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	programs, err := os.ReadFile("testdata/postgres.txz") // scripts that answer --version
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	w, err := z.Create("postgres-any.txz")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(programs); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(archive.Bytes())
	var downloads atomic.Int32
	server := func(sum string) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, ".jar.sha256"):
				_, _ = w.Write([]byte(sum))
			case strings.HasPrefix(
				r.URL.Path, "/mirror/io/zonky/test/postgres/",
			) && strings.HasSuffix(r.URL.Path, "-18.3.0.jar"):
				downloads.Add(1)
				_, _ = w.Write(archive.Bytes())
			default:
				http.NotFound(w, r)
			}
		}))
	}
	choose := func(repository, cache string, major int) (localpg.Binaries, error) {
		s, err := localpg.New(localpg.Options{DataDir: t.TempDir(), CacheDir: cache, Repository: repository})
		if err != nil {
			t.Fatal(err)
		}
		return s.Choose(t.Context(), major, nil, nil)
	}

	good := server(hex.EncodeToString(sum[:]))
	defer good.Close()
	cache := t.TempDir()
	for range 2 { // downloaded, and found in the cache
		b, err := choose(good.URL+"/mirror", cache, 0)
		if want := filepath.Join(
			cache, "postgresql-18.3.0", "bin",
		); err != nil || b.Dir != want || b.Version != "18.3" {
			t.Errorf("got %+v, %v, want version 18.3 in %s", b, err, want)
		}
	}
	if got := downloads.Load(); got != 1 {
		t.Errorf("got %d downloads, want 1", got)
	}
	if left, err := filepath.Glob(filepath.Join(cache, ".download-*")); err != nil || len(left) > 0 {
		t.Errorf("got leftovers %q, %v, want none", left, err)
	}

	bad := server(strings.Repeat("0", 64))
	defer bad.Close()
	for _, c := range []struct {
		name, repository string
		major            int
		want             string
	}{
		{"wrong checksum", bad.URL + "/mirror", 0, "checksums do not match"},
		{"not there", good.URL + "/elsewhere", 0, "404"},
		{"unreachable", "http://127.0.0.1:1", 0, "connection refused"},
		{"no such version", good.URL + "/mirror", 99, "there are none of version 99"},
	} {
		_, err := choose(c.repository, t.TempDir(), c.major)
		var failure *localpg.BinariesError
		if !errors.As(err, &failure) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want a BinariesError with %q", c.name, err, c.want)
			continue
		}
		if hint := localpg.Hint(err); !strings.Contains(
			hint, "install",
		) && !strings.Contains(hint, "add") || !strings.Contains(hint, "DWH_PG_BIN") {
			t.Errorf("%s: got hint %q, want the command that installs PostgreSQL", c.name, hint)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	stuck := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	defer stuck.Close()
	s, err := localpg.New(localpg.Options{DataDir: t.TempDir(), CacheDir: t.TempDir(), Repository: stuck.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Choose(ctx, 0, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v, want %v", err, context.Canceled)
	}
}

func TestChosenBinaries(t *testing.T) {
	t.Parallel()
	dataDir := dwhtest.DataDir(t)
	root := filepath.Dir(dataDir)
	all := []string{"initdb", "postgres", "pg_ctl"}
	install(t, filepath.Join(root, "old"), "14.1", all...)
	install(t, filepath.Join(root, "part"), "16.1", "initdb", "postgres")
	for _, c := range []struct{ dir, want string }{
		{"old", "has PostgreSQL 14.1, and version 15 or later is needed"},
		{"part", "lacks pg_ctl"},
		{"nowhere", "lacks initdb"},
	} {
		s, err := localpg.New(localpg.Options{DataDir: dataDir, BinDir: filepath.Join(root, c.dir)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Start(t.Context()); err == nil || !strings.Contains(
			err.Error(), c.want,
		) || !strings.Contains(err.Error(), "DWH_PG_BIN") {
			t.Errorf("%s: got %v, want DWH_PG_BIN: … %s", c.dir, err, c.want)
		}
	}
	// A cluster of another major version.
	if err := os.Mkdir(filepath.Join(dataDir, "pgdata"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dataDir, "pgdata", "PG_VERSION"), []byte("17\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	install(t, filepath.Join(root, "new"), "18.1", all...)
	s, err := localpg.New(localpg.Options{DataDir: dataDir, BinDir: filepath.Join(root, "new")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "was made by version 17") {
		t.Errorf("got %v, want a refusal that names version 17", err)
	}
	_, err = s.Choose(t.Context(), 14, []localpg.Binaries{{Dir: "/x", Version: "18.1", Major: 18}}, nil)
	if err == nil || !strings.Contains(
		err.Error(),
		"was made by PostgreSQL 14, and no server binaries of that version were found; /x has version 18.1",
	) {
		t.Errorf("got %v, want what was found and what is needed", err)
	}
}

func TestInstallCommand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		release string
		major   int
		want    string
	}{
		{"ID=debian\n", 0, "apt-get install -y postgresql"},
		{"ID=debian\n", 17, "apt-get install -y postgresql-17"},
		{"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", 0, "apt-get install -y postgresql"},
		{"ID=fedora\n", 0, "dnf install -y postgresql-server"},
		{"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", 0, "dnf module install -y postgresql:16/server"},
		{"ID=\"amzn\"\nID_LIKE=\"fedora\"\n", 0, "dnf install -y postgresql15-server"},
		{"ID=alpine\n", 16, "apk add postgresql16"},
		{"ID=manjaro\nID_LIKE=arch\n", 0, "pacman -S --noconfirm postgresql"},
		{"ID=opensuse-leap\nID_LIKE=\"suse opensuse\"\n", 0, "zypper install -y postgresql-server"},
	} {
		root := fstest.MapFS{"etc/os-release": {Data: []byte("NAME=x\n" + c.release)}}
		if got := localpg.InstallCommand(root, c.major); got != c.want {
			t.Errorf("%q, version %d: got %q, want %q", c.release, c.major, got, c.want)
		}
	}
}
