package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version and commit are set by the linker for releases, as .ci/release does: -ldflags "-X
// github.com/sparkify/dwh/internal/cli.version=v1.2.3".
var version, commit string

// Version returns the version of this binary: the release's, the module's, or the commit it was
// built from.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	built := Commit()
	if built == "" {
		return "development"
	}
	return "development-" + built
}

// shownCommit is how many characters of a commit's hash are shown.
const shownCommit = 12

// Commit returns the commit that this binary was built from, with "+modified" where files had
// changed since; "" when it is not known, as in tests.
func Commit() string {
	revision, modified := commit, ""
	if revision == "" {
		info, ok := debug.ReadBuildInfo()
		if !ok {
			return ""
		}
		for _, setting := range info.Settings {
			switch {
			case setting.Key == "vcs.revision":
				revision = setting.Value
			case setting.Key == "vcs.modified" && setting.Value == "true":
				modified = "+modified"
			}
		}
	} else if hash, changed := strings.CutSuffix(revision, "+modified"); changed {
		revision, modified = hash, "+modified"
	}
	if revision == "" {
		return ""
	}
	return revision[:min(shownCommit, len(revision))] + modified
}

// versionLine is what --version prints: "dwh v1.2.3 (commit 0123456789ab, go1.26.0, linux/amd64)".
func versionLine() string {
	var parts []string
	if built := Commit(); built != "" {
		parts = append(parts, "commit "+built)
	}
	parts = append(parts, runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return fmt.Sprintf("dwh %s (%s)", Version(), strings.Join(parts, ", "))
}
