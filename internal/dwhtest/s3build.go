package dwhtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

const gatewayModule = "github.com/versity/versitygw"

// buildGateway returns the S3 server's binary, built once per machine and version from
// internal/tools/go.mod.
func buildGateway(ctx context.Context) (string, error) {
	repo, err := repositoryRoot()
	if err != nil {
		return "", err
	}
	modfile := filepath.Join("internal", "tools", "go.mod")
	text, err := os.ReadFile(filepath.Join(repo, modfile))
	if err != nil {
		return "", fmt.Errorf("version of the S3 server: %w", err)
	}
	version := regexp.MustCompile(
		`(?m)^\s*(?:require )?` + regexp.QuoteMeta(gatewayModule) + ` (\S+)`,
	).FindSubmatch(text)
	if version == nil {
		return "", fmt.Errorf("version of the S3 server: %s does not require %s", modfile, gatewayModule)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join(os.TempDir(), fmt.Sprintf("dwh-cache-%d", os.Getuid()))
	}
	dir := filepath.Join(cache, "dwh-test")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("cache of the S3 server: %w", err)
	}
	binary := filepath.Join(dir, fmt.Sprintf("versitygw-%s-%s-%s", version[1], runtime.GOOS, runtime.GOARCH))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	// Every package's test process comes here; one builds, the others wait.
	lock := flock.New(filepath.Join(dir, "lock"))
	if _, err := lock.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return "", fmt.Errorf("wait for another process that builds the S3 server: %w", err)
	}
	defer lock.Close()
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	fresh := binary + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-modfile="+modfile, "-o", fresh, gatewayModule+"/cmd/versitygw")
	cmd.Dir = repo
	cmd.Env = append(os.Environ(), "GOWORK=off") // -modfile and workspaces exclude each other
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("build the S3 server: %w: %s", err, out), os.RemoveAll(fresh))
	}
	return binary, os.Rename(fresh, binary)
}

// repositoryRoot walks up from the working folder, which go test sets to the package's, to this
// module's go.mod.
func repositoryRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	module := regexp.MustCompile(`(?m)^module github\.com/sparkify/dwh$`)
	for dir := start; ; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && module.Match(text) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod of github.com/sparkify/dwh above %s", start)
		}
	}
}
