package localpg

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30

	// unknownMemory is assumed where the system does not tell.
	unknownMemory = 2 * gib
)

// availableMemory is the memory that this process and the server may use, in bytes: the machine's
// or the container's.
func availableMemory() int64 {
	memory := linuxMemory(os.DirFS("/"))
	if physical := physicalMemory(); memory == 0 || physical > 0 && physical < memory {
		memory = physical
	}
	if memory <= 0 {
		return unknownMemory
	}
	return memory
}

// linuxMemory is the smallest of MemTotal and the limits of the process's cgroups (version 1 or 2)
// in bytes, 0 when root has neither. A container without a cgroup namespace sees the host's paths
// in /proc/self/cgroup but its own limits at the top of /sys/fs/cgroup, so that every level from
// the path up to the top is read.
func linuxMemory(root fs.FS) int64 {
	memory := int64(0)
	limit := func(n int64) {
		if n > 0 && (memory == 0 || n < memory) {
			memory = n
		}
	}
	if data, err := fs.ReadFile(root, "proc/meminfo"); err == nil {
		for line := range bytes.Lines(data) {
			if rest, ok := bytes.CutPrefix(line, []byte("MemTotal:")); ok {
				limit(number(strings.TrimSuffix(strings.TrimSpace(string(rest)), "kB")) << 10)
			}
		}
	}
	// absent: no cgroups, only the tops are tried
	groups, _ := fs.ReadFile(root, "proc/self/cgroup")
	levels := func(mount, group, file string) {
		for dir := path.Join("/", group); ; dir = path.Dir(dir) {
			if data, err := fs.ReadFile(root, path.Join(mount, dir, file)); err == nil {
				limit(number(string(data)))
			}
			if dir == "/" {
				return
			}
		}
	}
	v1, v2 := "/", "/"
	for line := range strings.Lines(string(groups)) {
		if f := strings.SplitN(strings.TrimSpace(line), ":", 3); len(f) == 3 {
			if f[0] == "0" && f[1] == "" {
				v2 = f[2]
			}
			for controller := range strings.SplitSeq(f[1], ",") {
				if controller == "memory" {
					v1 = f[2]
				}
			}
		}
	}
	levels("sys/fs/cgroup", v2, "memory.max")
	levels("sys/fs/cgroup/memory", v1, "memory.limit_in_bytes")
	return memory
}

// number parses a count; "max" and anything else that is none is 0.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
