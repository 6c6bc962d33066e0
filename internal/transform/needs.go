package transform

import (
	"github.com/sparkify/dwh/internal/load"
)

// Needs returns the sources of a load, that of its objects first; none of a model.
func (s Step) Needs() []load.Need {
	if !s.Load {
		return nil
	}
	return s.file.Needs()
}

// Missing returns the sources that loads among the steps need and vars do not give, in the order of
// the steps. What an optional load needs is not among them where the source of its objects is not
// given: the load is skipped.
func Missing(steps []Step, vars map[string]string) []load.Need {
	var out []load.Need
	for _, step := range steps {
		if step.Load {
			out = append(out, step.file.Missing(vars)...)
		}
	}
	return out
}
