package machine

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Load is the load average of the last minute, 0 where the system does not tell.
func Load() float64 {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return load
}

// Busy is the share of all cores, from 0 to 1, that was used while the caller waited that long; 0
// where the system does not tell. Time that the host took away counts as used.
func Busy(ctx context.Context, wait time.Duration) float64 {
	before, err := readTicks()
	if err != nil {
		return 0
	}
	select {
	case <-ctx.Done():
		return 0
	case <-time.After(wait):
	}
	after, err := readTicks()
	if err != nil {
		return 0
	}
	return share(before, after)
}

// ticks are the cores' time since the start, in the kernel's unit.
type ticks struct{ all, idle uint64 }

func readTicks() (ticks, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return ticks{}, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return parseTicks(line)
}

// parseTicks reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq,
// steal, and guest, which user holds already (man 5 proc_stat).
func parseTicks(line string) (ticks, error) {
	fields := strings.Fields(line)
	if len(fields) < 5 || fields[0] != "cpu" {
		return ticks{}, fmt.Errorf("/proc/stat: got %q, want the times of all cores", line)
	}
	var t ticks
	for i, field := range fields[1:min(len(fields), 9)] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return ticks{}, fmt.Errorf("/proc/stat: %w", err)
		}
		t.all += n
		if i == 3 || i == 4 {
			t.idle += n
		}
	}
	return t, nil
}

func share(before, after ticks) float64 {
	all := after.all - before.all
	if all == 0 || after.all < before.all {
		return 0
	}
	return 1 - float64(after.idle-before.idle)/float64(all)
}
