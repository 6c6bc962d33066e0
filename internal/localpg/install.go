package localpg

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"
)

// installCommand is the one command that installs PostgreSQL's server on this system; major 0 is
// the system's own choice.
func installCommand(root fs.FS, major int) string {
	if runtime.GOOS == "darwin" {
		if major == 0 {
			major = 17
		}
		return fmt.Sprintf("brew install postgresql@%d", major)
	}
	command := linuxInstallCommand(root, major)
	if os.Geteuid() != 0 {
		command = "sudo " + command
	}
	return command
}

// linuxInstallCommand goes by ID and ID_LIKE of /etc/os-release (os-release(5)).
func linuxInstallCommand(root fs.FS, major int) string {
	ids := osRelease(root)
	is := func(names ...string) bool {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(names, id) })
	}
	with := func(format, plain string) string {
		if major == 0 {
			return plain
		}
		return fmt.Sprintf(format, major)
	}
	switch {
	case is("alpine"):
		return with("apk add postgresql%d", "apk add postgresql")
	case is("arch"):
		return "pacman -S --noconfirm postgresql"
	case is("amzn"):
		return with("dnf install -y postgresql%d-server", "dnf install -y postgresql15-server")
	case is("rhel", "centos"):
		// The default stream of RHEL 8 and 9 is older than MinVersion.
		return with("dnf module install -y postgresql:%d/server", "dnf module install -y postgresql:16/server")
	case is("fedora"):
		return with("dnf install -y postgresql%d-server", "dnf install -y postgresql-server")
	case is("suse", "opensuse", "sles"):
		return with("zypper install -y postgresql%d-server", "zypper install -y postgresql-server")
	default: // Debian, Ubuntu and what derives from them
		return with("apt-get install -y postgresql-%d", "apt-get install -y postgresql")
	}
}

// osRelease returns ID and the words of ID_LIKE, nearest first.
func osRelease(root fs.FS) []string {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		data, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		var id, like string
		for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
			key, value, _ := strings.Cut(lines.Text(), "=")
			value = strings.Trim(strings.TrimSpace(value), `"'`)
			switch strings.TrimSpace(key) {
			case "ID":
				id = value
			case "ID_LIKE":
				like = value
			}
		}
		return append([]string{id}, strings.Fields(like)...)
	}
	return nil
}
