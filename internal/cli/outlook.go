package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/localpg"
	"github.com/sparkify/dwh/internal/table"
	"github.com/sparkify/dwh/internal/transform"
)

// outlook asks the warehouse what the next run of the chosen steps would find to do. nil says that
// there is no warehouse to ask, which a line on Stderr explains: the plan is then that of the files
// alone.
func (t transformRun) outlook(ctx context.Context, chosen []transform.Step) (*transform.Outlook, error) {
	without := func(why string) {
		t.app.out.Status("the plan is that of the files alone: %s", why)
	}
	if t.cfg.DatabaseURL == "" {
		if t.cfg.Engine == "redshift" {
			without("there is no database URL")
			return nil, nil
		}
		server, err := localpg.New(localpg.Options{DataDir: t.cfg.DataDir, Logger: t.app.log})
		if err != nil {
			return nil, err
		}
		if _, running := server.Running(ctx); !running {
			without(`the private PostgreSQL is not running; "dwh local start" starts it`)
			return nil, nil
		}
	}
	s, err := t.app.begin(ctx, t.cfg, false)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		without(err.Error())
		return nil, nil
	}
	defer s.close()
	if err := s.requireCurrent(ctx); err != nil {
		without(err.Error())
		return nil, nil
	}
	runner, err := s.runner(false, nil)
	if err != nil {
		return nil, err
	}
	found, err := runner.Outlook(ctx, chosen)
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// add puts into the plan what the next run would find to do.
func (p *planJSON) add(one transform.StepOutlook) {
	p.Change, p.Diff, p.Replayed, p.Problem = one.Change, one.Diff, one.Replayed, one.Problem
	if one.Step.Load && one.Problem == "" {
		p.Objects, p.Bytes = &one.Objects, &one.Bytes
	}
	if one.Rows >= 0 {
		p.Rows = &one.Rows
	}
	if one.Estimate >= 0 {
		seconds := one.Estimate.Round(time.Millisecond).Seconds()
		p.Seconds = &seconds
	}
}

// printOutlook says what the next run would find to do, and what changed in the models.
func (t transformRun) printOutlook(found *transform.Outlook) error {
	next := table.Table{Title: "next run", Columns: columns(
		column{name: "name", narrow: table.NarrowKeep}, column{name: "to do", narrow: table.NarrowWrap},
		column{name: "about", narrow: table.NarrowFold})}
	var total time.Duration
	known := true
	for _, one := range found.Steps {
		todo := toDo(one)
		if todo == "" {
			continue
		}
		about := ""
		if one.Estimate >= 0 {
			total += one.Estimate
			about = seconds(one.Estimate)
		} else {
			known = false
		}
		next.Rows = append(next.Rows, []any{one.Step.Name, todo, about})
	}
	paint := t.app.out.ink()
	say := func(format string, args ...any) error {
		_, err := fmt.Fprintf(t.app.out.Stdout, format+"\n", args...)
		return err
	}
	if err := say(""); err != nil {
		return err
	}
	if len(next.Rows) == 0 {
		return say("the next run finds nothing to do")
	}
	if err := t.app.out.Table(next, table.Text); err != nil {
		return err
	}
	if len(found.Reasons) > 0 {
		if err := say(
			"%s %s", paint.dye(table.Caution, "replay needed:"), strings.Join(found.Reasons, "; "),
		); err != nil {
			return err
		}
	}
	switch {
	case total == 0:
	case known:
		if err := say(
			"about %s in all, as the last runs took; checks and publishing come on top",
			seconds(total),
		); err != nil {
			return err
		}
	default:
		if err := say("about %s and more: the journal does not know every step yet", seconds(total)); err != nil {
			return err
		}
	}
	for _, one := range found.Steps {
		if one.Diff == "" {
			continue
		}
		if err := say("\n%s", paint.diff(one.Diff)); err != nil {
			return err
		}
	}
	return nil
}

// toDo is such as "3 new objects, 12.3 MB, about 18,000 rows"; "" for nothing.
func toDo(one transform.StepOutlook) string {
	var words []string
	if one.Change != "" {
		words = append(words, "the text is "+one.Change)
	}
	if one.Objects > 0 {
		words = append(words, counted(one.Objects, "new object"), size(one.Bytes))
	}
	if one.Problem != "" {
		words = append(words, "not listed: "+one.Problem)
	}
	switch {
	case one.Replayed:
		words = append(words, "computed from all that is staged")
	case one.Rows > 0 && one.Step.Load:
		words = append(words, "about "+counted(one.Rows, "row"))
	case one.Rows > 0:
		words = append(words, "about "+counted(one.Rows, "new row"))
	case one.Rows < 0 && !one.Step.Load:
		words = append(words, "new rows")
	}
	return strings.Join(words, ", ")
}

// size is a number of bytes for people: "12.3 MB".
func size(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	value, unit := float64(n), 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d %s", n, units[0])
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}

// diff colours what is gone and what is new in a unified diff.
func (i ink) diff(text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for at, line := range lines {
		switch {
		case strings.HasPrefix(line, "-"):
			lines[at] = i.dye(table.Bad, printable(line))
		case strings.HasPrefix(line, "+"):
			lines[at] = i.dye(table.Good, printable(line))
		default:
			lines[at] = printable(line)
		}
	}
	return strings.Join(lines, "\n")
}

// withOutlook fills the plan's steps.
func withOutlook(plan []planJSON, found *transform.Outlook) {
	for i := range plan {
		at := slices.IndexFunc(
			found.Steps,
			func(one transform.StepOutlook) bool { return one.Step.Name == plan[i].Name },
		)
		if at >= 0 {
			plan[i].add(found.Steps[at])
		}
	}
}
