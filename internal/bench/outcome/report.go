package outcome

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/table"
)

// Machine is the kind of machine that the figures come from; which one it was is nobody's business.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory_bytes"`
	System     string `json:"system"` // kernel and its release
	PostgreSQL string `json:"postgresql"`
	Go         string `json:"go"`
}

// String says it in a line.
func (m Machine) String() string {
	return fmt.Sprintf(
		"%d × %s, %.0f GiB, %s, PostgreSQL %s, %s", m.Cores, m.CPU, float64(m.Memory)/(1<<30),
		m.System, m.PostgreSQL, m.Go,
	)
}

// Data is what was measured on.
type Data struct {
	Source       string `json:"source"` // "dwh sample" or the folder's name
	Songs        int64  `json:"songs"`
	SongObjects  int64  `json:"song_objects"`
	Events       int64  `json:"events"`
	EventObjects int64  `json:"event_objects"`
	Plays        int64  `json:"songplays"`
	Bytes        int64  `json:"bytes"`
}

// String says it in a line.
func (d Data) String() string {
	return fmt.Sprintf("%d songs in %d objects, %d events in %d objects (%.2f GB), %d plays; %s",
		d.Songs, d.SongObjects, d.Events, d.EventObjects, float64(d.Bytes)/1e9, d.Plays, d.Source)
}

// Around is how busy the machine was before and after some rows.
type Around struct {
	Rows   string  `json:"rows"`
	Before float64 `json:"load_before"` // load average of the last minute
	After  float64 `json:"load_after"`
	// Busy is the share of the cores, from 0 to 1, that others used on average in the moments
	// before each measured piece, in which the benchmark itself does nothing.
	Busy    float64 `json:"others_busy"`
	Seconds float64 `json:"seconds"` // how long the rows took, preparation included
}

// disturbed is the share of busy cores from which figures are not to be trusted.
const disturbed = 0.1

// Quiet tells whether nobody else was at work.
func (a Around) Quiet() bool { return a.Busy < disturbed }

// Report is one run of the benchmark.
type Report struct {
	Date    time.Time `json:"date"`
	Version string    `json:"version"` // of dwh
	Machine Machine   `json:"machine"`
	Scale   string    `json:"scale"`
	Rounds  int       `json:"rounds"`
	Data    Data      `json:"data"`
	Rows    []Row     `json:"rows"`
	Around  []Around  `json:"around"`
	// Memory is the most memory that dwh had resident in each kind of run, in bytes.
	Memory map[string]int64 `json:"memory_bytes"`
}

// Finish fills in what follows from the rows' figures.
func (r *Report) Finish() {
	for i := range r.Rows {
		r.Rows[i].finish()
	}
}

// Broken tells whether something failed or results differed.
func (r *Report) Broken() bool {
	for _, row := range r.Rows {
		if row.Broken != "" {
			return true
		}
	}
	return false
}

// warnings say why the figures are to be taken with care.
func (r *Report) warnings() []string {
	var out []string
	for _, a := range r.Around {
		if !a.Quiet() {
			out = append(
				out,
				fmt.Sprintf(
					"warning: the machine was not quiet during %s: others used %.0f %% of it",
					a.Rows, 100*a.Busy,
				),
			)
		}
	}
	return out
}

// header are the lines above the table.
func (r *Report) header() []string {
	return []string{
		r.Date.Format("2006-01-02 15:04 MST") + ", " + r.Version,
		r.Machine.String(),
		r.Data.String(),
		fmt.Sprintf("scale %s; median of %d alternating rounds, the smallest and largest beside it", r.Scale, r.Rounds),
	}
}

// loads says how busy the machine was, a line for each measurement.
func (r *Report) loads() []string {
	var out []string
	for _, a := range r.Around {
		out = append(
			out,
			fmt.Sprintf(
				"%s: load average %.2f before, %.2f after; others used %.0f %% between the pieces; took %.0f s",
				a.Rows, a.Before, a.After, 100*a.Busy, a.Seconds,
			),
		)
	}
	return out
}

// Write renders the report as table.Text, no line of its table wider than width terminal cells (0:
// no limit), or as table.Markdown.
func (r *Report) Write(w io.Writer, f table.Format, width int) error {
	t := table.Table{
		Columns: table.Columns(
			"row", "what", "against", "limit", "measured", "min .. max", "at least", "aim",
			"dwh / peer",
		),
	}
	for _, row := range r.Rows {
		t.Rows = append(t.Rows, row.cells())
	}
	start, end := "", "\n"
	if f == table.Markdown {
		start = "- "
	}
	var out strings.Builder
	for _, line := range r.header() {
		out.WriteString(start + line + end)
	}
	out.WriteString("\n")
	if err := table.WriteWidth(&out, t, f, width); err != nil {
		return err
	}
	out.WriteString("\n")
	for _, line := range append(r.loads(), r.warnings()...) {
		out.WriteString(start + line + end)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// Save writes the report as JSON.
func (r *Report) Save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("keep the figures: %w", err)
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
