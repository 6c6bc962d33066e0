package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bash itself takes what dwh hands it as it stands: a name with blanks, and one that bash would
// run.
func TestBashCompletion(t *testing.T) {
	_, script, _ := run(t, "completion", "bash")
	bin := t.TempDir()
	fake := "#!/bin/sh\nprintf 'plain,name\\twhat it is\\n'\nprintf 'two words\\n'\nprintf '%s\\n' '$(touch ran)'\n"
	if err := os.WriteFile(filepath.Join(bin, "dwh"), []byte(fake), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	command := exec.CommandContext(
		t.Context(), "bash", "--norc", "-c",
		script+"\nCOMP_WORDS=(dwh report ''); COMP_CWORD=2; _dwh; printf '%s\\n' \"${COMPREPLY[@]}\"",
	)
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(
		[]string{"plain,name", `two\ words`, `\$\(touch\ ran\)`},
		strings.Split(strings.TrimSpace(string(out)), "\n"),
	); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("got a name run as a command, want it offered")
	}
}
