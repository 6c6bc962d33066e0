package crash_test

import (
	"testing"
	"time"
)

// TestCrash breaks dwh in every way over one source. DWH_TEST_ROUNDS is how often what is left to
// chance is repeated.
func TestCrash(t *testing.T) {
	w := newWorld(t)
	w.jobs = jobs(w)
	known := map[string]bool{}
	for _, j := range w.jobs {
		j.learn(t, w)
		for _, name := range j.hits {
			known[name] = true
		}
		t.Logf(
			"%-22s %4d messages, %3d failpoints, %s as a process", j.name, j.messages, len(j.hits),
			j.took.Round(time.Millisecond),
		)
	}
	complete(t, known)
	if t.Failed() {
		return
	}
	for name, test := range map[string]func(*testing.T){
		"kill": w.kills, "connection cut": w.connectionCut, "server gone": w.serverGone,
		"disk full": w.diskFull, "terminated": w.terminated,
		"storage": w.storage, "signals": w.signals, "signal while waiting": w.signalWhileWaiting,
		"signal at any time": w.signalAtAnyTime,
		"migrations":         w.migrations, "two at once": w.twoAtOnce, "race": w.race, "readers": w.readers,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}
