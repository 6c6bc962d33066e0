package main

import (
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// fill uses some memory and lets go of it. It is none of Go's, which would be shadowed under the
// race detector.
func fill(t *testing.T, bytes int) {
	t.Helper()
	large, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(large); i += 4096 {
		large[i] = 1
	}
	if err := unix.Munmap(large); err != nil {
		t.Fatal(err)
	}
}

func TestChildDoesNotInheritThePeak(t *testing.T) {
	fill(t, 512<<20)
	forgetOwnPeak()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if got := residentPeak(cmd.ProcessState); got <= 0 || got > 256<<20 {
		t.Errorf("got a peak of %d bytes for a process that needs little, want its own", got)
	}
}
