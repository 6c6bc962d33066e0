package localpg

import (
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// settingsFile is the name, inside pgdata, of the settings that dwh writes at every start.
const settingsFile = "dwh.conf"

// machine is what the settings depend on.
type machine struct {
	memory       int64 // bytes
	disk         int64 // free bytes where the cluster lies, 0 when unknown
	sharedMemory int64 // size of /dev/shm in bytes, 0 when there is none
	cpus         int
}

// setting is one line of postgresql.conf.
type setting struct{ name, value string }

// settings tunes the server for bulk loads on a small machine that it shares with others.
// Durability is never traded: fsync, full_page_writes and synchronous_commit stay on.
func settings(m machine, port int, socket string) []setting {
	mb := func(n int64) string { return fmt.Sprintf("%dMB", n/mib) }
	// a first load writes a few; a checkpoint in the middle of it costs as much again
	maxWAL := 16 * gib
	if m.disk > 0 {
		maxWAL = clamp(m.disk/10, 256*mib, maxWAL)
	}
	list := []setting{
		{"listen_addresses", loopback},
		{"port", fmt.Sprint(port)},
		{"unix_socket_directories", socket},
		{"unix_socket_permissions", "0700"},
		{"password_encryption", "scram-sha-256"},
		{"max_connections", "100"},
		{"timezone", "UTC"},

		{"fsync", "on"},
		{"full_page_writes", "on"},
		{"synchronous_commit", "on"},

		{"shared_buffers", mb(clamp(m.memory/4, 32*mib, 2*gib))},
		{"effective_cache_size", mb(clamp(m.memory/2, 64*mib, 64*gib))},
		// One writer groups by millions of keys; readers are few.
		{"work_mem", mb(clamp(m.memory/48, 4*mib, 512*mib))},
		{"maintenance_work_mem", mb(clamp(m.memory/16, 32*mib, gib))},
		{"autovacuum", "on"},
		// Three autovacuum workers would each take maintenance_work_mem.
		{"autovacuum_work_mem", mb(clamp(m.memory/64, 16*mib, 256*mib))},

		// Nothing replicates from a private server, so that COPY into a table made in the same
		// transaction needs no WAL:
		// https://www.postgresql.org/docs/current/populate.html#POPULATE-COPY-FROM
		{"wal_level", "minimal"},
		{"max_wal_senders", "0"},
		{"max_wal_size", mb(maxWAL)},
		{"min_wal_size", mb(maxWAL / 8)},
		// Most whole pages in the log are leaves of a key of hashes, which hardly compress: LZ4
		// makes them a fifth smaller, and takes a fifth of the time of a run over one more percent
		// of events.
		{"wal_compression", "off"},
		// A run that inserts into a key of hashes logs a whole page for each leaf. With 16 MB, the
		// default, it writes them to the file itself; with more, the WAL writer does, on another
		// core, if it looks often enough: such an INSERT takes two thirds of the time. With 128 MB
		// it takes half as long again as with 32 MB: each page of the buffers is a page fault to a
		// process that comes to it for the first time.
		{"wal_buffers", mb(clamp(m.memory/192, 4*mib, 32*mib))},
		{"wal_writer_delay", "20ms"},
		{"checkpoint_timeout", "15min"},
		{"checkpoint_completion_target", "0.9"},

		{"max_worker_processes", fmt.Sprint(clamp(int64(m.cpus), 4, 16))},
		{"max_parallel_workers", fmt.Sprint(clamp(int64(m.cpus), 2, 16))},
		{"max_parallel_workers_per_gather", fmt.Sprint(clamp(int64(m.cpus)/2, 1, 4))},
		{"max_parallel_maintenance_workers", fmt.Sprint(clamp(int64(m.cpus)/2, 1, 4))},
		// Compiling costs more than it saves on statements over a batch.
		{"jit", "off"},
		{"random_page_cost", "1.1"},

		{"lc_messages", "C"},
		{"log_timezone", "UTC"},
		{"log_line_prefix", "%m [%p] "},
		{"log_checkpoints", "off"},
		// Statements can carry data and secrets; the client gets the error, the log only says that
		// there was one.
		{"log_min_error_statement", "panic"},
		{"log_min_messages", "warning"},
	}
	// Docker gives a container 64 MB of /dev/shm, less than a parallel hash join takes; files do as
	// well.
	if m.sharedMemory > 0 && m.sharedMemory < gib/2 {
		list = append(list, setting{"dynamic_shared_memory_type", "mmap"})
	}
	return list
}

// settingsText renders the settings as a file that postgresql.conf includes.
func settingsText(list []setting) []byte {
	var b strings.Builder
	b.WriteString(
		"# Written by dwh at every start of the server; your own settings belong in " +
			"postgresql.conf after the include,\n" +
			"# or into ALTER SYSTEM.\n",
	)
	for _, s := range list {
		fmt.Fprintf(&b, "%s = '%s'\n", s.name, strings.ReplaceAll(s.value, "'", "''"))
	}
	return []byte(b.String())
}

// thisMachine looks at what the settings depend on.
func (s *Server) thisMachine() machine {
	m := machine{memory: s.memory, cpus: runtime.NumCPU()}
	var st unix.Statfs_t
	if err := unix.Statfs(s.dataDir, &st); err == nil {
		m.disk = int64(st.Bavail) * int64(st.Bsize)
	}
	if runtime.GOOS == "linux" {
		if err := unix.Statfs("/dev/shm", &st); err == nil {
			m.sharedMemory = int64(st.Blocks) * int64(st.Bsize)
		}
	}
	return m
}

func clamp(n, low, high int64) int64 { return max(low, min(n, high)) }
