package cli

import (
	"fmt"

	"github.com/schollz/progressbar/v3"
)

// Unit is what a progress counts.
type Unit int

// The units.
const (
	Items Unit = iota
	Bytes
)

// Progress shows how far a piece of work is: a bar on a terminal, elsewhere a line at every tenth. It is safe for concurrent use.
type Progress struct {
	o      *Output
	title  string
	unit   Unit
	total  int64
	done   int64
	tenths int64 // printed so far, where there is no bar
	bar    *progressbar.ProgressBar
}

// Progress starts one; total 0 or less is unknown. Call Done at the end, on failure too.
func (o *Output) Progress(title string, total int64, unit Unit) *Progress {
	p := &Progress{o: o, title: title, unit: unit, total: total}
	if o.Quiet || !o.ErrTerminal {
		return p
	}
	options := []progressbar.Option{
		progressbar.OptionSetWriter(o.Stderr),
		progressbar.OptionSetDescription(title),
		progressbar.OptionEnableColorCodes(false),
		progressbar.OptionSetWidth(30),
		progressbar.OptionSetPredictTime(total > 0),
		progressbar.OptionThrottle(100_000_000), // nanoseconds: ten times a second is smooth
		progressbar.OptionClearOnFinish(),
		// Else a goroutine of the library's goes on drawing the spinner, without our lock and after Done.
		progressbar.OptionSetSpinnerChangeInterval(0),
	}
	known := total
	if known <= 0 {
		known = -1 // a spinner; set writes the count
	} else {
		options = append(options, progressbar.OptionShowCount())
	}
	if unit == Bytes {
		options = append(options, progressbar.OptionShowBytes(true))
	}
	if !o.UTF8 {
		options = append(options, progressbar.OptionSetTheme(progressbar.ThemeASCII))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	p.bar = progressbar.NewOptions64(known, options...)
	o.bar = p
	return p
}

// Set says how much is done so far.
func (p *Progress) Set(done int64) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	p.set(done)
}

// Add says that n more are done.
func (p *Progress) Add(n int64) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	p.set(p.done + n)
}

// Total corrects the total, when it becomes known only later.
func (p *Progress) Total(total int64) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	p.total = total
	if p.bar != nil && total > 0 {
		p.bar.ChangeMax64(total)
	}
}

func (p *Progress) set(done int64) {
	p.done = done
	if p.bar != nil {
		if p.total > 0 {
			done = min(done, p.total) // the library calls more than the total an error
		} else {
			p.bar.Describe(p.title + ": " + p.amount(done))
		}
		_ = p.bar.Set64(done)
		return
	}
	if p.total <= 0 || p.o.Quiet {
		return
	}
	if tenths := min(done, p.total) * 10 / p.total; tenths > p.tenths {
		p.tenths = tenths
		_, _ = fmt.Fprintf(p.o.Stderr, "%s: %s of %s (%d %%)\n", p.title, p.amount(done), p.amount(p.total), tenths*10)
	}
}

func (p *Progress) amount(n int64) string {
	if p.unit != Bytes {
		return count(n)
	}
	const step = 1024
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/step, 0
	for value >= step && unit < 3 {
		value, unit = value/step, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGT"[unit])
}

// Done takes the bar off the screen.
func (p *Progress) Done() {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	if p.bar == nil {
		return
	}
	p.clear()
	p.bar = nil
	if p.o.bar == p {
		p.o.bar = nil
	}
}

// clear and redraw are called with the Output's lock held.
func (p *Progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *Progress) redraw() {
	if p.bar != nil {
		_ = p.bar.RenderBlank()
	}
}
