package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// WithVariables returns the steps with fingerprints that contain the values of the psql variables
// in their models: another value makes a model stale, as another text does.
func WithVariables(steps []Step, vars map[string]string) []Step {
	steps = slices.Clone(steps)
	for i, step := range steps {
		if step.Model == nil {
			continue
		}
		names := step.Model.Variables()
		if len(names) == 0 {
			continue
		}
		sum := sha256.New()
		fmt.Fprintln(sum, step.Fingerprint)
		for _, name := range names {
			fmt.Fprintf(sum, "%s %q\n", name, vars[name])
		}
		steps[i].Fingerprint = hex.EncodeToString(sum.Sum(nil))
	}
	return steps
}
