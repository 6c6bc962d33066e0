package main

import (
	"context"

	"github.com/sparkify/dwh/internal/bench/outcome"
)

// measureMemory is the peak of all that ran before.
func measureMemory(_ context.Context, l *lab, _ wanted) ([]outcome.Row, error) {
	row := outcome.Row{
		Name: "memory", What: "peak resident memory of dwh in any of the rows", Limit: "–", Peer: "–",
		Goal: outcome.Goal{Unit: outcome.Mebibytes, AtLeast: 128, Aim: 96, Lower: true},
	}
	var most int64
	for what, bytes := range l.memory {
		if bytes > most || bytes == most && what < row.Note {
			most, row.Note = bytes, what
		}
	}
	if most == 0 {
		row.Missing = "no row ran before that would tell"
	} else {
		row.Values = []float64{float64(most) / (1 << 20)}
	}
	return []outcome.Row{row}, nil
}
