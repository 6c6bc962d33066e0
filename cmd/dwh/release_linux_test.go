package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// What .ci/release makes can be installed and runs: the archive, the Debian package, and the
// checksums of both.
func TestRelease(t *testing.T) {
	t.Parallel()
	dist := t.TempDir()
	sh := func(script string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "bash", "-euc", script)
		command.Env = append(os.Environ(), "DIST="+dist, "VERSION=v1.2.3-rc1")
		command.Dir = dist
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return string(out)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	sh(root + "/.ci/release $VERSION " + platform)
	name := "dwh-v1.2.3-rc1-" + strings.ReplaceAll(platform, "/", "-")
	sh("sha256sum -c SHA256SUMS")
	if got, want := len(strings.Split(strings.TrimSpace(sh("cat SHA256SUMS")), "\n")), 2; got != want {
		t.Errorf("got %d checksums, want %d", got, want)
	}

	listed := sh("tar -tzf " + name + ".tar.gz")
	for _, want := range []string{"dwh", "LICENSE", "README.md", "dwh.1", "completions/dwh.bash",
		"completions/dwh.zsh", "completions/dwh.fish"} {
		if !strings.Contains(listed, name+"/"+want+"\n") {
			t.Errorf("got no %s in the archive:\n%s", want, listed)
		}
	}
	sh("tar -xzf " + name + ".tar.gz")
	line := sh("./" + name + "/dwh --version")
	if !strings.HasPrefix(line, "dwh v1.2.3-rc1 (commit ") || !strings.Contains(line, platform) {
		t.Errorf("got %q, want version, commit and platform", line)
	}
	// A static program names no interpreter.
	if out := sh("ldd ./" + name + "/dwh 2>&1 || true"); !strings.Contains(out, "not a dynamic executable") {
		t.Errorf("got %q from ldd, want a static program", out)
	}

	deb := "dwh_1.2.3.rc1_" + runtime.GOARCH + ".deb"
	for field, want := range map[string]string{"Package": "dwh", "Version": "1.2.3.rc1",
		"Architecture": runtime.GOARCH} {
		if got := strings.TrimSpace(sh("dpkg-deb --field " + deb + " " + field)); got != want {
			t.Errorf("got %s %q of the package, want %q", field, got, want)
		}
	}
	sh("dpkg-deb -x " + deb + " installed")
	if got := sh("installed/usr/bin/dwh --version"); got != line {
		t.Errorf("got %q from the package, want %q", got, line)
	}
	if got := sh("zcat installed/usr/share/man/man1/dwh.1.gz | head -1"); !strings.Contains(got, "dwh v1.2.3") &&
		!strings.Contains(got, `dwh v1.2.3\-rc1`) {
		t.Errorf("got %q as the manual's first line, want the version", got)
	}
	sh("test -s installed/usr/share/bash-completion/completions/dwh")
}
