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
		t.app.out.Status("the plan comes from the files only, without the warehouse: %s", why)
	}
	if t.cfg.DatabaseURL == "" {
		if t.cfg.Engine == "redshift" {
			without("no database URL is set")
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
	runner, err := s.runner(runs{}, nil)
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
func (p *planJSON) add(stepOutlook transform.StepOutlook) {
	p.Change, p.Diff, p.Replayed, p.Problem = stepOutlook.Change, stepOutlook.Diff,
		stepOutlook.Replayed, stepOutlook.Problem
	if stepOutlook.Step.Load && stepOutlook.Problem == "" {
		p.Objects, p.Bytes = &stepOutlook.Objects, &stepOutlook.Bytes
	}
	if stepOutlook.Rows >= 0 {
		p.Rows = &stepOutlook.Rows
	}
	if stepOutlook.Estimate >= 0 {
		seconds := stepOutlook.Estimate.Round(time.Millisecond).Seconds()
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
	for _, step := range found.Steps {
		todo := toDo(step)
		if todo == "" {
			continue
		}
		about := ""
		if step.Estimate >= 0 {
			total += step.Estimate
			about = seconds(step.Estimate)
		} else {
			known = false
		}
		next.Rows = append(next.Rows, []any{step.Step.Name, todo, about})
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
			"about %s in total, estimated from the last runs, plus checks and publishing",
			seconds(total),
		); err != nil {
			return err
		}
	default:
		if err := say("at least about %s: some steps have no earlier run to estimate "+
			"from", seconds(total)); err != nil {
			return err
		}
	}
	for _, step := range found.Steps {
		if step.Diff == "" {
			continue
		}
		if err := say("\n%s", paint.diff(step.Diff)); err != nil {
			return err
		}
	}
	return nil
}

// toDo is such as "3 new objects, 12.3 MB, about 18,000 rows"; "" for nothing.
func toDo(stepOutlook transform.StepOutlook) string {
	var words []string
	if stepOutlook.Change != "" {
		words = append(words, "the text is "+stepOutlook.Change)
	}
	if stepOutlook.Objects > 0 {
		words = append(words, counted(stepOutlook.Objects, "new object"), table.Bytes(stepOutlook.Bytes))
	}
	if stepOutlook.Problem != "" {
		words = append(words, "not listed: "+stepOutlook.Problem)
	}
	switch {
	case stepOutlook.Replayed:
		words = append(words, "computed from all staged rows")
	case stepOutlook.Rows > 0 && stepOutlook.Step.Load:
		words = append(words, "about "+counted(stepOutlook.Rows, "row"))
	case stepOutlook.Rows > 0:
		words = append(words, "about "+counted(stepOutlook.Rows, "new row"))
	case stepOutlook.Rows < 0 && !stepOutlook.Step.Load:
		words = append(words, "new rows")
	}
	return strings.Join(words, ", ")
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
			func(step transform.StepOutlook) bool { return step.Step.Name == plan[i].Name },
		)
		if at >= 0 {
			plan[i].add(found.Steps[at])
		}
	}
}
