package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/sparkify/dwh/internal/table"
)

// Unit is the unit of an Amount: things or bytes.
type Unit int

// The units.
const (
	Items Unit = iota // things, such as objects or rows
	Bytes             // bytes, shown in KiB, MiB and so on
)

// Amount is the part of a piece of work that is done.
type Amount struct {
	Done  int64  // how much is done, in Unit
	Total int64  // how much there is, in Unit; 0: unknown
	More  bool   // the total is known so far only, and says nothing about the time left
	What  string // what is counted, such as "objects listed"; "" says nothing new
	Note  string // more facts for people, such as "8 objects, 1,200 rows"; "" for none
	Unit  Unit   // of Done and Total; Items by default
}

// The pace of a Progress. A bar that moves five times a second looks alive; what is written into a
// file is for reading afterwards.
const (
	redrawEvery = 200 * time.Millisecond
	lookEvery   = time.Second
	sayAfter    = 10 * time.Second // between lines, where there is no bar
	sayAtLatest = time.Minute      // a line even when no further tenth is done
	// A rate over less than this is noise.
	rateAfter     = time.Second
	estimateAfter = 2 * time.Second
)

// Progress shows how far a piece of work is: a line that changes on a terminal, elsewhere a line
// now and then when the work takes long. It is safe for concurrent use.
type Progress struct {
	o       *Output
	title   string
	started time.Time
	// expect, where set, says how long the work takes in all, 0 when nobody knows. It is asked
	// once, when the work turns out to take long.
	expect func(ctx context.Context) time.Duration

	// Under the Output's lock.
	amount   Amount
	since    time.Time // when what is counted began to be counted
	base     int64     // done then
	shown    bool      // there is an amount
	drawn    bool      // the line is on the screen
	expected time.Duration
	said     time.Time // the last line, where there is no bar
	tenths   int64     // said

	stop  context.CancelFunc
	ended sync.WaitGroup
}

// Progress starts one. Call Done at the end, on failure too. expect may be nil.
func (o *Output) Progress(title string, expect func(ctx context.Context) time.Duration) *Progress {
	now := time.Now()
	p := &Progress{o: o, title: title, started: now, since: now, said: now, expect: expect, stop: func() {}}
	if o.Quiet {
		return p
	}
	if o.bars {
		o.mu.Lock()
		o.bar = p
		o.mu.Unlock()
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.ended.Go(func() { p.watch(ctx) })
	return p
}

// watch draws, or says, how far the work is, until ctx ends.
func (p *Progress) watch(ctx context.Context) {
	every, patience := lookEvery, sayAfter-lookEvery
	if p.o.bars {
		every, patience = redrawEvery, estimateAfter
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if p.expect != nil && now.Sub(p.started) >= patience {
				expected := p.expect(ctx)
				p.expect = nil
				p.o.mu.Lock()
				p.expected = expected
				p.o.mu.Unlock()
			}
			p.tick(now)
		}
	}
}

// Show prints how much of the work is done.
func (p *Progress) Show(a Amount) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	p.show(a, time.Now())
}

func (p *Progress) show(a Amount, now time.Time) {
	if p.o.Quiet {
		return
	}
	if a.What != p.amount.What || a.Unit != p.amount.Unit {
		p.since, p.base = now, a.Done // another kind of work has a pace of its own
		if !p.shown {
			p.since, p.base = p.started, 0
		}
	}
	p.amount = a
	if !p.shown {
		p.shown = true
		p.draw(now)
	}
}

// tick is called now and then.
func (p *Progress) tick(now time.Time) {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	if p.o.bars {
		p.draw(now)
		return
	}
	if now.Sub(p.said) < sayAfter {
		return
	}
	var tenths int64
	if p.amount.Total > 0 {
		tenths = min(p.amount.Done, p.amount.Total) * 10 / p.amount.Total
		if tenths == p.tenths && now.Sub(p.said) < sayAtLatest {
			return
		}
	}
	p.said, p.tenths = now, tenths
	_, _ = fmt.Fprintf(p.o.Stderr, "%s: %s\n", p.title, printable(sentenceOf(p.words(now))))
}

// A phrase is a part of what a progress says. Where there is no room, the phrase of the highest
// rank goes first; 0 stays.
type phrase struct {
	text string
	rank int
}

// sentenceOf is the phrases with commas between them.
func sentenceOf(phrases []phrase) string {
	texts := make([]string, len(phrases))
	for i, part := range phrases {
		texts[i] = part.text
	}
	return strings.Join(texts, ", ")
}

// fitting leaves out phrases until the others fit into so many columns, or none may go.
func fitting(phrases []phrase, room int) string {
	for utf8.RuneCountInString(sentenceOf(phrases)) > room {
		last := 0
		for i, part := range phrases {
			if part.rank > phrases[last].rank {
				last = i
			}
		}
		if len(phrases) == 0 || phrases[last].rank == 0 {
			break
		}
		phrases = slices.Delete(phrases, last, last+1)
	}
	return sentenceOf(phrases)
}

// words say how far the work is: the amount, its rate, the time so far, and the time left when that
// is more than a guess.
func (p *Progress) words(now time.Time) []phrase {
	var words []phrase
	a, elapsed := p.amount, now.Sub(p.since)
	perSecond := 0.0
	if elapsed >= rateAfter && a.Done > p.base {
		perSecond = float64(a.Done-p.base) / elapsed.Seconds()
	}
	all := a.Total > 0 && a.Done >= a.Total && !a.More
	if p.shown {
		text := a.text(a.Done)
		if a.Total > 0 {
			text += " of " + a.text(a.Total)
			if a.More {
				text += " or more"
			}
		}
		if a.What != "" {
			text += " " + a.What
		}
		words = append(words, phrase{text, 2})
		if perSecond > 0 && !all { // what is done stays done, however long its commit takes
			words = append(words, phrase{a.text(int64(perSecond)) + "/s", 3})
		}
	}
	words = append(words, phrase{elapsedText(now.Sub(p.started)), 1})
	switch {
	case a.Total > 0:
		if !all && !a.More && perSecond > 0 && elapsed >= estimateAfter {
			left := time.Duration(float64(a.Total-a.Done) / perSecond * float64(time.Second))
			words = append(words, phrase{text: leftText(left)})
		}
	case p.expected > 0 && now.Sub(p.started) < p.expected:
		words = append(words, phrase{text: leftText(p.expected - now.Sub(p.started))})
	case p.expected > 0:
		words = append(words, phrase{text: "longer than last time"})
	}
	if a.Note != "" {
		words = append(words, phrase{a.Note, 4})
	}
	return words
}

// text is an amount of its unit.
func (a Amount) text(n int64) string {
	if a.Unit != Bytes {
		return count(n)
	}
	return table.Bytes(n)
}

// The width of a bar: a long title takes some of it.
const (
	barCells   = 20
	barAtLeast = 10
	titleCells = 22
)

// line is the progress as a terminal shows it, no wider than width.
func (p *Progress) line(now time.Time, width int) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-*s ", titleCells, p.title)
	if a := p.amount; a.Total > 0 {
		full, empty := "█", "░"
		if !p.o.UTF8 {
			full, empty = "#", "."
		}
		done := min(a.Done, a.Total)
		bar := min(barCells, max(barAtLeast, barCells+titleCells-utf8.RuneCountInString(p.title)))
		cells := int(done * int64(bar) / a.Total)
		out.WriteString(strings.Repeat(full, cells) + strings.Repeat(empty, bar-cells))
		fmt.Fprintf(&out, " %3d %%  ", done*100/a.Total)
	}
	out.WriteString(fitting(p.words(now), width-utf8.RuneCountInString(out.String())))
	runes := []rune(out.String())
	if len(runes) > width {
		runes = runes[:max(width, 0)]
	}
	return string(runes)
}

// draw, clear and redraw are called with the Output's lock held.
func (p *Progress) draw(now time.Time) {
	if !p.o.bars || p.o.bar != p {
		return
	}
	width := 80
	if f, ok := p.o.Stderr.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			width = columns
		}
	}
	p.drawn = true
	// One column less: a full line moves the cursor on some terminals.
	_, _ = fmt.Fprint(p.o.Stderr, "\r"+printable(p.line(now, width-1))+"\x1b[K")
}

func (p *Progress) clear() {
	if p.drawn {
		p.drawn = false
		_, _ = fmt.Fprint(p.o.Stderr, "\r\x1b[K\r")
	}
}

func (p *Progress) redraw() {
	if p.shown {
		p.draw(time.Now())
	}
}

// Done removes the line from the screen. A second call does nothing.
func (p *Progress) Done() {
	p.stop()
	p.ended.Wait()
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	if p.o.bar == p {
		p.clear()
		p.o.bar = nil
	}
}

// elapsedText is "12 s", "2 min 5 s" or "1 h 20 min".
func elapsedText(d time.Duration) string {
	whole := int64(d / time.Second)
	switch {
	case whole < 60:
		return fmt.Sprintf("%d s", whole)
	case whole < 3600:
		return fmt.Sprintf("%d min %d s", whole/60, whole%60)
	}
	return fmt.Sprintf("%d h %d min", whole/3600, whole%3600/60)
}

// leftText is a time that nobody knows to the second: "about 12 s left".
func leftText(d time.Duration) string {
	whole := int64((d + time.Second - 1) / time.Second)
	switch {
	case whole < 90:
		return fmt.Sprintf("about %d s left", max(whole, 1))
	case whole < 90*60:
		return fmt.Sprintf("about %d min left", (whole+30)/60)
	}
	return fmt.Sprintf("about %.1f h left", float64(whole)/3600)
}
