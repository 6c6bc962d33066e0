//go:build !linux

package localpg

import "os/exec"

// dieWithParent does nothing: the system has no such thing. A program whose dwh was killed goes on.
func dieWithParent(*exec.Cmd) {}
