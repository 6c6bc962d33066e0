package machine_test

import (
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/bench/machine"
)

func TestShare(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		want                float64
	}{
		{"idle and waiting for a disk", "cpu  100 0 50 800 50 0 0 0 0 0", "cpu  100 0 50 890 60 0 0 0 0 0", 0},
		{"half", "cpu  100 0 50 800 50 0 0 0 0 0", "cpu  120 10 70 850 50 0 0 0 0 0", 0.5},
		{"taken by the host", "cpu  0 0 0 0 0 0 0 0 0 0", "cpu  0 0 0 75 0 0 0 25 0 0", 0.25},
		{"guests are in user already", "cpu  0 0 0 0 0 0 0 0 0 0", "cpu  50 0 0 50 0 0 0 0 50 0", 0.5},
		{"no time", "cpu  1 0 0 1 0 0 0 0 0 0", "cpu  1 0 0 1 0 0 0 0 0 0", 0},
	} {
		got, err := machine.Share(test.before, test.after)
		if err != nil || got != test.want {
			t.Errorf("%s: got %v (%v), want %v", test.name, got, err, test.want)
		}
	}
	for _, line := range []string{"", "cpu0 1 2 3 4", "cpu 1 2 3", "cpu a b c d"} {
		if got, err := machine.Share(line, line); err == nil {
			t.Errorf("%q: got %v, want an error", line, got)
		}
	}
}

func TestThisMachine(t *testing.T) {
	if got := machine.Cores(); got < 1 {
		t.Errorf("cores: got %d, want at least 1", got)
	}
	if machine.CPU() == "" || machine.System() == "" {
		t.Errorf("got CPU %q and system %q, want both", machine.CPU(), machine.System())
	}
	if got := machine.Memory(); got < 0 {
		t.Errorf("memory: got %d, want none or more", got)
	}
	if got := machine.Busy(t.Context(), time.Millisecond); got < 0 || got > 1 {
		t.Errorf("busy: got %v, want a share", got)
	}
}
