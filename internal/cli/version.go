package cli

import "runtime/debug"

// version is set by the linker for releases: -ldflags "-X github.com/sparkify/dwh/internal/cli.version=v1.2.3".
var version string

// Version returns the version of this binary: the release's, the module's, or the commit it was built from.
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
	revision, modified := "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value[:min(12, len(setting.Value))]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			modified = "+modified"
		}
	}
	if revision == "" {
		return "development"
	}
	return "development-" + revision + modified
}
