package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/sparkify/dwh/internal/cli"
	"github.com/sparkify/dwh/internal/table"
)

// onTerminal runs a function with a terminal of so many columns and returns what it has on its
// screen, line ends as \n.
func onTerminal(t *testing.T, columns uint16, run func(terminal *os.File)) string {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	if err := unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(
		int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns},
	); err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	read := make(chan struct{}) // closed when all is read
	go func() {
		defer close(read)
		_, _ = io.Copy(&screen, control) // ends with EIO once the terminal is closed
	}()
	run(terminal)
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	<-read
	return strings.ReplaceAll(screen.String(), "\r\n", "\n")
}

func TestNarrowTerminal(t *testing.T) {
	result := table.Table{
		Title: "songplays-by-location", Columns: table.Columns("location", "songplays"),
		Rows: [][]any{
			{"San Francisco-Oakland-Hayward, CA", int64(1234)}, {nil, int64(5)},
		}}
	for _, ascii := range []bool{false, true} {
		env := map[string]string{"LANG": "C.UTF-8"}
		if ascii {
			env["LANG"] = "C"
		}
		screen := onTerminal(t, 30, func(terminal *os.File) {
			out := cli.NewOutput(terminal, terminal, env)
			if err := out.Table(result, table.Text); err != nil {
				t.Error(err)
			}
			if err := out.Chart(result); err != nil {
				t.Error(err)
			}
		})
		for line := range strings.Lines(screen) {
			line = strings.NewReplacer("\n", "", "\x1b[36m", "", "\x1b[0m", "").Replace(line)
			if n := len([]rune(line)); n > 30 {
				t.Errorf("ASCII %v: got %d cells in %q, want at most 30", ascii, n, line)
			}
			if ascii && strings.IndexFunc(line, func(r rune) bool { return r > 0x7f }) >= 0 {
				t.Errorf("got %q, want ASCII only", line)
			}
		}
		if !strings.Contains(screen, "1,234") {
			t.Errorf("ASCII %v: got %q, want the number whole", ascii, screen)
		}
	}
}

// https://no-color.org
func TestColorsOnTerminalOnly(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{nil, true},
		{[]string{"NO_COLOR=1"}, false},
		{[]string{"NO_COLOR="}, true},
		{[]string{"TERM=dumb"}, false},
	} {
		screen := onTerminal(t, 80, func(terminal *os.File) {
			cli.Main(t.Context(), []string{"dwh", "chekc"}, c.env, strings.NewReader(""), io.Discard, terminal)
		})
		if got := strings.Contains(screen, "\x1b["); got != c.want {
			t.Errorf("%q: got colours %v in %q, want %v", c.env, got, screen, c.want)
		}
	}
}

// Whatever data hold and whatever format they are printed in, the terminal shows their control
// characters and does not obey them.
func TestNoControlCharacterOnTerminal(t *testing.T) {
	const hostile = "a\x1b]0;title\x07\x1b[2J\x9b31m\u009b31m\b\rb\x7f\u0085c\u202ed"
	result := table.Table{Title: hostile, Columns: append(table.Columns("artist"+hostile),
		table.Columns("songplays")...), Rows: [][]any{{hostile, int64(1)}}}
	for _, format := range []table.Format{table.Text, table.CSV, table.JSON, table.Markdown, table.HTML} {
		screen := onTerminal(t, 200, func(terminal *os.File) {
			out := cli.NewOutput(terminal, terminal, map[string]string{"NO_COLOR": "1"})
			if err := out.Table(result, format); err != nil {
				t.Error(err)
			}
			if err := out.Chart(result); err != nil {
				t.Error(err)
			}
			out.Status("%s", hostile)
			out.Warn("%s", hostile)
			// a byte at a time, as a copy through a small buffer
			for _, n := range []byte(hostile + "é\n") {
				if _, err := out.Stdout.Write([]byte{n}); err != nil {
					t.Error(err)
				}
			}
		})
		if at := strings.IndexFunc(screen, func(r rune) bool {
			return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e
		}); at >= 0 {
			t.Errorf("%s: got %q on the screen, want no control character", format, screen[at:])
		}
		if !strings.Contains(screen, "é") {
			t.Errorf("%s: got %q, want the letters kept", format, screen)
		}
	}
	for _, format := range []string{"text", "json"} {
		screen := onTerminal(t, 200, func(terminal *os.File) {
			cli.RunAction(t.Context(), []string{"NO_COLOR=1", "DWH_LOG_FORMAT=" + format}, terminal, terminal,
				func(out *cli.Output) error {
					return fmt.Errorf("object %s", hostile)
				})
		})
		if strings.ContainsAny(screen, "\x1b\u009b\b\r\x7f") || !strings.Contains(screen, "title") {
			t.Errorf("error, %s: got %q on the screen, want no control character", format, screen)
		}
	}
}

// A bar leaves the screen when its work is done, and other lines do not tear it.
func TestBarOnTerminal(t *testing.T) {
	for _, total := range []int64{0, 1000} {
		screen := onTerminal(t, 60, func(terminal *os.File) {
			out := cli.NewOutput(terminal, terminal, nil)
			p := out.Progress("load", nil)
			p.Show(cli.Amount{Done: 500, Total: total})
			out.Status("a line")
			p.Done()
			out.Status("the end")
		})
		if !strings.Contains(screen, "load") {
			t.Errorf("total %d: got %q, want a bar", total, screen)
		}
		// What stands on a line after its last carriage return is what a reader sees.
		var seen []string
		for line := range strings.Lines(screen) {
			line = strings.TrimSuffix(line, "\n")
			seen = append(seen, line[strings.LastIndex(line, "\r")+1:])
		}
		if got, want := strings.Join(seen, "|"), "a line|the end"; got != want {
			t.Errorf("total %d: got %q on the screen, want %q", total, got, want)
		}
	}
}
