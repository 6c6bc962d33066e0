package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/sparkify/dwh/internal/config"
	"github.com/sparkify/dwh/internal/table"
)

// Output is where a command writes: results to Stdout, everything for people to Stderr. It is safe
// for concurrent use.
type Output struct {
	// Stdout shows no control character of the data where it is a terminal.
	Stdout io.Writer
	Stderr io.Writer
	// Terminal and ErrTerminal say whether Stdout and Stderr are terminals.
	Terminal, ErrTerminal bool
	// Color and ErrColor allow ANSI colours there: a terminal, no NO_COLOR, no TERM=dumb.
	Color, ErrColor bool
	// UTF8 says whether the locale takes more than ASCII.
	UTF8 bool
	// Width is that of the terminal on Stdout in cells; 0 when Stdout is none.
	Width int
	// Quiet leaves out progress and status lines.
	Quiet bool

	bare     io.Writer // Stdout for what holds escapes of dwh's own
	strict   bool
	mu       sync.Mutex
	warnings int
	// uncounted logs what is no matter for --strict
	uncounted *slog.Logger
	secrets   config.Redactor // of the command line
	bar       *Progress       // the bar on the last line, which other lines must not tear
	bars      bool            // Stderr is a terminal on which a line can be drawn again
}

func newOutput(stdout, stderr io.Writer, env map[string]string) *Output {
	o := &Output{Stdout: stdout, Stderr: stderr, bare: stdout, UTF8: isUTF8(env)}
	o.Terminal, o.ErrTerminal = isTerminal(stdout), isTerminal(stderr)
	if o.Terminal {
		o.Stdout = &screen{to: stdout}
	}
	// https://no-color.org: set to anything but the empty text.
	plain := env["NO_COLOR"] != "" || env["TERM"] == "dumb"
	o.Color, o.ErrColor = o.Terminal && !plain, o.ErrTerminal && !plain
	o.bars = o.ErrTerminal && env["TERM"] != "dumb"
	if o.Terminal {
		o.Width = terminalWidth(stdout, env)
	}
	return o
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func terminalWidth(w io.Writer, env map[string]string) int {
	if n, err := strconv.Atoi(env["COLUMNS"]); err == nil && n > 0 {
		return n
	}
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// isUTF8 follows the order of setlocale: LC_ALL, LC_CTYPE, LANG. Where none is set, as in
// containers, terminals are UTF-8 nowadays.
func isUTF8(env map[string]string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(env[name]); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return true
}

const (
	red    = "31"
	yellow = "33"
	bold   = "1"
)

// paint colours a word on Stderr, where colours are wanted.
func (o *Output) paint(code, s string) string {
	if !o.ErrColor {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// line writes one line for people to Stderr, above a bar if there is one. It writes every error,
// hint and warning, and masks the passwords in them.
func (o *Output) line(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := o.secrets.Text(fmt.Sprintf(format, args...))
	o.above(func() { _, _ = fmt.Fprintln(o.Stderr, text) })
}

// above runs write with the bar off the screen; o.mu is held.
func (o *Output) above(write func()) {
	if o.bar != nil {
		o.bar.clear()
	}
	write()
	if o.bar != nil {
		o.bar.redraw()
	}
}

// Status writes a progress line to Stderr, unless Quiet.
func (o *Output) Status(format string, args ...any) {
	if !o.Quiet {
		o.line("%s", printable(fmt.Sprintf(format, args...)))
	}
}

// dressed is Status for a line that has colours in it; its arguments are printable.
func (o *Output) dressed(format string, args ...any) {
	if !o.Quiet {
		o.line(format, args...)
	}
}

// Warn writes a warning and counts it: under --strict, warnings fail a command that ends well.
func (o *Output) Warn(format string, args ...any) {
	o.mu.Lock()
	o.warnings++
	o.mu.Unlock()
	o.line("%s %s", o.paint(yellow, "warning:"), printable(fmt.Sprintf(format, args...)))
}

// mildly is Warn for what need not be said every time: nothing is written when Quiet.
func (o *Output) mildly(format string, args ...any) {
	if o.Quiet {
		o.count(1)
		return
	}
	o.Warn(format, args...)
}

// count counts warnings that are written elsewhere, for --strict.
func (o *Output) count(warnings int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.warnings += warnings
}

func (o *Output) strictError() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.strict || o.warnings == 0 {
		return nil
	}
	return &strictError{warnings: o.warnings}
}

// Table writes a result to Stdout; as text it is made to fit the terminal.
func (o *Output) Table(t table.Table, f table.Format) error {
	return table.Render(o.Stdout, t, f, table.TextOptions{Width: o.Width, ASCII: !o.UTF8, Color: o.Color})
}

// Chart draws a result as bars on Stdout.
func (o *Output) Chart(t table.Table) error {
	return table.Draw(o.bare, t, table.ChartOptions{Width: o.Width, Color: o.Color, ASCII: !o.UTF8})
}

// lineWriter writes a logger's lines above the bar.
type lineWriter struct{ o *Output }

func (w lineWriter) Write(p []byte) (_ int, err error) {
	w.o.mu.Lock()
	defer w.o.mu.Unlock()
	text := printable(w.o.secrets.Text(string(p)))
	w.o.above(func() { _, err = io.WriteString(w.o.Stderr, text) })
	if err != nil {
		return 0, err
	}
	return len(p), nil
}
