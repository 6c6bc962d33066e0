package localpg_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/localpg"
)

func TestLinuxMemory(t *testing.T) {
	t.Parallel()
	const meminfo = "MemTotal:        8000000 kB\nMemFree:         1 kB\n"
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"nothing known", nil, 0},
		{"no limit", map[string]string{"proc/meminfo": meminfo, "sys/fs/cgroup/memory.max": "max\n"}, 8000000 << 10},
		{
			"version 2, own namespace",
			map[string]string{
				"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
				"sys/fs/cgroup/memory.max": "536870912\n",
			},
			512 << 20,
		},
		{"version 2, a level above", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b/c\n",
			"sys/fs/cgroup/a/memory.max": "1073741824\n", "sys/fs/cgroup/a/b/c/memory.max": "max\n",
		}, 1 << 30},
		{"version 1", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:cpu,memory:/docker/x\n0::/\n",
			"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "268435456\n",
		}, 256 << 20},
		{"version 1, host's path", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:memory:/docker/x\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "268435456\n",
		}, 256 << 20},
		{
			"version 1, no limit",
			map[string]string{
				"proc/meminfo": meminfo,
				"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
			},
			8000000 << 10,
		},
	} {
		root := fstest.MapFS{}
		for name, text := range c.files {
			root[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := localpg.LinuxMemory(root); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestSettingsOfAnyMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		memory := rapid.Int64Range(512<<20, 1<<42).Draw(t, "memory")
		list := localpg.Settings(
			memory, rapid.Int64Range(0, 1<<44).Draw(t, "disk"),
			rapid.Int64Range(0, 1<<40).Draw(t, "shm"), rapid.IntRange(1, 256).Draw(t, "cpus"),
		)
		for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit", "autovacuum"} {
			if list[name] != "on" {
				t.Errorf("%s: got %q, want on", name, list[name])
			}
		}
		bytes := func(name string) int64 {
			n, err := strconv.ParseInt(strings.TrimSuffix(list[name], "MB"), 10, 64)
			if err != nil {
				t.Fatalf("%s: got %q, want a number of MB", name, list[name])
			}
			return n << 20
		}
		// Shared memory, three autovacuum workers, an index being built, and ten sorts or hashes at
		// once.
		if sum := bytes("shared_buffers") + bytes("wal_buffers") + 3*bytes("autovacuum_work_mem") + bytes(
			"maintenance_work_mem",
		) + 10*bytes("work_mem"); sum > memory {
			t.Errorf("settings for %d bytes add up to %d", memory, sum)
		}
		if bytes("min_wal_size") < 32<<20 || bytes("max_wal_size") < 2*bytes("min_wal_size") {
			t.Errorf("got min_wal_size %s, max_wal_size %s", list["min_wal_size"], list["max_wal_size"])
		}
	})
	if got := localpg.Settings(1<<30, 0, 64<<20, 2)["dynamic_shared_memory_type"]; got != "mmap" {
		t.Errorf("with 64 MB of /dev/shm: got dynamic_shared_memory_type %q, want mmap", got)
	}
	if got, ok := localpg.Settings(1<<30, 0, 1<<30, 2)["dynamic_shared_memory_type"]; ok {
		t.Errorf("with 1 GB of /dev/shm: got dynamic_shared_memory_type %q, want the default", got)
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	info := localpg.Info{Host: "127.0.0.1", Port: 5433, User: "dwh", Password: "p@ss/word"}
	if got, want := info.DSN("a b"), "postgres://dwh:p%40ss%2Fword@127.0.0.1:5433/a%20b?sslmode=disable"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, info); strings.Contains(got, "ss/w") || strings.Contains(
			got, fmt.Sprintf("%x", "ss/w"),
		) {
			t.Errorf("%s shows the password: %s", verb, got)
		}
	}
	text, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "ss/w") {
		t.Errorf("JSON shows the password: %s", text)
	}
}

func TestTunables(t *testing.T) {
	for own, want := range map[string]string{
		"":                           "glibc.malloc.hugetlb=1",
		"glibc.malloc.check=1":       "glibc.malloc.check=1:glibc.malloc.hugetlb=1",
		"glibc.malloc.hugetlb=0":     "glibc.malloc.hugetlb=0",
		"a=1:glibc.malloc.hugetlb=2": "a=1:glibc.malloc.hugetlb=2",
	} {
		t.Setenv("GLIBC_TUNABLES", own)
		if got := localpg.Tunables(); got != "GLIBC_TUNABLES="+want {
			t.Errorf("with %q: got %q, want %q", own, got, want)
		}
	}
}
