package localpg

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Binaries is a folder with PostgreSQL's server programs.
type Binaries struct {
	Dir     string // the path of the folder
	Version string // for example 15.18, 17beta1
	Major   int    // the first number of Version
}

func (b Binaries) path(program string) string { return filepath.Join(b.Dir, program) }

// programs are those that a folder needs.
func programs() []string { return []string{"initdb", "postgres", "pg_ctl"} }

// BinariesError says that no usable server binaries were found.
type BinariesError struct {
	// the major version that the data folder needs, 0 when any from MinVersion on would do
	Major    int
	DataDir  string     // the cluster that needs Major
	TooOld   []Binaries // found, but older than MinVersion
	Other    []Binaries // found, but of another major version than Major
	Unusable []string   // folders that were passed over, each with the reason
	Download error      // why downloading failed; nil when it was not tried
	Install  string     // the one command that installs PostgreSQL here
}

func (e *BinariesError) Error() string {
	var b strings.Builder
	if e.Major != 0 {
		fmt.Fprintf(
			&b,
			"data folder %s was made by PostgreSQL %d, and no server binaries of that version were found",
			e.DataDir, e.Major,
		)
	} else {
		fmt.Fprintf(&b, "no PostgreSQL server binaries of version %d or later were found", MinVersion)
	}
	for _, o := range slices.Concat(e.TooOld, e.Other) {
		fmt.Fprintf(&b, "; %s has version %s", o.Dir, o.Version)
	}
	for _, u := range e.Unusable {
		b.WriteString("; " + u)
	}
	if e.Download != nil {
		fmt.Fprintf(&b, "; downloading them: %v", e.Download)
	}
	return b.String()
}

// Unwrap returns the download's failure.
func (e *BinariesError) Unwrap() error { return e.Download }

// Hint names the command that installs PostgreSQL on this system.
func (e *BinariesError) Hint() string {
	return fmt.Sprintf(`run "%s", or set DWH_PG_BIN to the folder that holds initdb, postgres and pg_ctl`, e.Install)
}

// FindBinaries looks for server binaries in `pg_config --bindir`, the folders where packages put
// them, and PATH. It returns the usable ones, newest first, those that are too old, and why others
// were passed over.
func FindBinaries(ctx context.Context) (usable, tooOld []Binaries, unusable []string) {
	return findBinaries(ctx, candidateDirs(ctx, "/"), account{})
}

// candidateDirs lists folders where binaries may be, root being the file system's.
func candidateDirs(ctx context.Context, root string) []string {
	var dirs []string
	if out, err := capture(ctx, "pg_config", "--bindir"); err == nil {
		dirs = append(dirs, strings.TrimSpace(out))
	}
	for _, pattern := range []string{
		"usr/lib/postgresql/*/bin", // Debian, Ubuntu
		// PostgreSQL's own packages for Red Hat
		"usr/pgsql-*/bin",
		"usr/libexec/postgresql*",                           // Alpine
		"opt/homebrew/opt/postgresql@*/bin",                 // Homebrew, Apple silicon
		"usr/local/opt/postgresql@*/bin",                    // Homebrew, Intel
		"home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew, Linux
		"Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err == nil { // the patterns are well-formed
			dirs = append(dirs, found...)
		}
	}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) { // a relative entry would depend on the working folder
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func findBinaries(ctx context.Context, dirs []string, a account) (usable, tooOld []Binaries, unusable []string) {
	seen := map[string]bool{}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
			continue
		}
		real, err := filepath.EvalSymlinks(dir)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		b, err := inspect(ctx, dir, a)
		switch {
		case err != nil:
			unusable = append(unusable, err.Error())
		case b.Major < MinVersion:
			tooOld = append(tooOld, b)
		default:
			usable = append(usable, b)
		}
	}
	slices.SortStableFunc(usable, func(x, y Binaries) int { return compareVersions(y.Version, x.Version) })
	return usable, tooOld, unusable
}

// inspect checks that dir holds all programs, that the account may run them, and asks for their
// version.
func inspect(ctx context.Context, dir string, a account) (Binaries, error) {
	for _, program := range programs() {
		path := filepath.Join(dir, program)
		info, err := os.Stat(path)
		if err != nil {
			return Binaries{}, fmt.Errorf("%s lacks %s", dir, program)
		}
		if info.IsDir() || info.Mode()&0o111 == 0 {
			return Binaries{}, fmt.Errorf("%s is not executable", path)
		}
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return Binaries{}, err
		}
		if err := a.reachable(real); err != nil {
			return Binaries{}, err
		}
	}
	out, err := capture(ctx, filepath.Join(dir, "postgres"), "--version")
	if err != nil {
		return Binaries{}, fmt.Errorf("%s does not run: %w", filepath.Join(dir, "postgres"), err)
	}
	version, major, ok := parseVersion(out)
	if !ok {
		return Binaries{}, fmt.Errorf("%s --version answers %q", filepath.Join(dir, "postgres"), strings.TrimSpace(out))
	}
	return Binaries{Dir: dir, Version: version, Major: major}, nil
}

// capture runs a program that answers at once and returns its standard output.
func capture(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	return string(out), err
}

// parseVersion reads the output of `postgres --version`: "postgres (PostgreSQL) 15.18 (Debian
// 15.18-0+deb12u1)".
func parseVersion(text string) (version string, major int, ok bool) {
	m := regexp.MustCompile(`\(PostgreSQL\) ((\d+)[^\s]*)`).FindStringSubmatch(text)
	if m == nil {
		return "", 0, false
	}
	major, err := strconv.Atoi(m[2])
	return m[1], major, err == nil
}

// compareVersions orders versions such as 9.6.24, 15.4, 15.18 and 18beta1 by their numbers.
func compareVersions(x, y string) int {
	digits := regexp.MustCompile(`\d+`)
	numbers := func(v string) (list []int) {
		for _, d := range digits.FindAllString(v, -1) {
			n, err := strconv.Atoi(d)
			if err != nil {
				n = 0
			}
			list = append(list, n)
		}
		// A pre-release (18beta1) comes before 18.0.
		if strings.ContainsAny(v, "abcdefghijklmnopqrstuvwxyz") && len(list) > 0 {
			list = slices.Insert(list, 1, -1)
		}
		return list
	}
	return slices.Compare(numbers(x), numbers(y))
}

// binaries picks the programs for a cluster of the given major version; 0 is a new cluster, for
// which the newest are taken.
func (s *Server) binaries(ctx context.Context, a account, major int) (Binaries, error) {
	if s.binDir != "" {
		b, err := inspect(ctx, s.binDir, a)
		if err != nil {
			return Binaries{}, fmt.Errorf("DWH_PG_BIN: %w", err)
		}
		if b.Major < MinVersion {
			return Binaries{}, fmt.Errorf(
				"DWH_PG_BIN: %s has PostgreSQL %s, and version %d or later is needed", b.Dir,
				b.Version, MinVersion,
			)
		}
		if major != 0 && b.Major != major {
			return Binaries{}, fmt.Errorf(
				"DWH_PG_BIN: %s has PostgreSQL %s, and data folder %s was made by version %d: "+
					"set DWH_PG_BIN to binaries of version %d, or choose another folder with --data-dir",
				b.Dir, b.Version, s.dataDir, major, major,
			)
		}
		return b, nil
	}
	usable, tooOld, unusable := findBinaries(ctx, candidateDirs(ctx, "/"), a)
	return s.choose(ctx, a, major, usable, tooOld, unusable)
}

// choose takes the newest usable binaries of the major version, downloaded ones where there are
// none.
func (s *Server) choose(
	ctx context.Context, a account, major int, usable, tooOld []Binaries, unusable []string,
) (Binaries, error) {
	for _, b := range usable {
		if major == 0 || b.Major == major {
			return b, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return Binaries{}, err
	}
	failure := &BinariesError{
		TooOld: tooOld, Other: usable, Unusable: unusable,
		Install: installCommand(os.DirFS("/"), major),
	}
	if major != 0 {
		failure.Major, failure.DataDir = major, s.dataDir
	}
	b, err := s.download(ctx, a, major)
	if err != nil {
		failure.Download = err
		return Binaries{}, failure
	}
	return b, nil
}
