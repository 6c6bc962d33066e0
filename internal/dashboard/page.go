package dashboard

import (
	"bytes"
	"embed"
	"html/template"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/server"
	"github.com/sparkify/dwh/internal/table"
)

//go:embed pages
var pageFiles embed.FS

// pageNames are the files in pages/ that fill the frame.
func pageNames() []string {
	return []string{
		"overview", "reports", "report", "runs", "run", "lineage", "table", "check", "rejects",
		"reject", "error",
	}
}

func parsePages(a *assets, checks []check.Check) (map[string]*template.Template, error) {
	frame, err := template.New("frame.html").Funcs(template.FuncMap{
		"asset": a.path, "number": func(n any) string { return number(integer(n)) }, "counted": func(
			n any, what string,
		) string {
			return counted(integer(n), what)
		}, "bytes": table.Bytes, "duration": words, "moment": moment, "iso": isoTime,
		"ago":  func(at time.Time) string { return ago(at, time.Now()) },
		"into": intoStep, "countOf": countOf,
		"excerpt": excerpt, "visible": visible, "sentence": sentence, "light": lightOf,
		"kept": keptOf, "why": whyOf(checks), "describe": describe, "tablePath": tablePath, "checkPath": checkPath,
	}).ParseFS(pageFiles, "pages/frame.html", "pages/parts.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, name := range pageNames() {
		copied, err := frame.Clone()
		if err != nil {
			return nil, err
		}
		if pages[name], err = copied.ParseFS(pageFiles, "pages/"+name+".html"); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

// integer takes whatever integer, or pointer to one, a page's data hold.
func integer(n any) int64 {
	value := reflect.ValueOf(n)
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	return value.Int()
}

// view is a page in its frame.
type view struct {
	name   string // of its file
	Title  string
	Nav    string // the entry of the navigation that it belongs to
	status int
	// after which it shows something newer, though nothing changes until then; 0: not so
	Again time.Duration
	Body  any
}

// framed is what the frame shows around a view.
type framed struct {
	view
	State server.State
	Now   time.Time
	Nav   []navEntry
	Phase phaseText
	// Rejects is how many records the last load refused, as far as the server knows.
	Rejects int64
}

type navEntry struct {
	Name, Path string
	Current    bool
}

// rejectsCheck is the check whose violations are the last load's rejects.
const rejectsCheck = "rejects-in-last-load"

// phaseText is a server's phase in words.
type phaseText struct {
	Light string
	Text  string
}

func phaseOf(state server.State) phaseText {
	switch state.Phase {
	case server.Working:
		return phaseText{"ok", "Working"}
	case server.Standby:
		return phaseText{"off", "Standing by"}
	case server.Retrying:
		return phaseText{"fail", "Trying again"}
	case server.Stopping:
		return phaseText{"warn", "Stopping"}
	default:
		return phaseText{"off", "Starting"}
	}
}

// lightOf is the shape that stands for an outcome.
func lightOf(outcome string) string {
	switch outcome {
	case "ok", "done":
		return "ok"
	case "warn", "stale", "interrupted", "refused", "skipped":
		return "warn"
	case "fail", "failed", "check failed":
		return "fail"
	case "running":
		return "run"
	}
	return "off"
}

// keptOf says what became of a refused record's object.
func keptOf(outcome string) string {
	switch outcome {
	case "loaded":
		return "the other records of the object are loaded"
	case "failed":
		return "no record of the object is loaded"
	}
	return outcome
}

// send implements answer.
func (v view) send(s *site, w http.ResponseWriter, r *http.Request) error {
	state, _ := s.source.State()
	f := framed{view: v, State: state, Now: time.Now(), Phase: phaseOf(state)}
	for _, entry := range []navEntry{
		{Name: "Overview", Path: "/"}, {Name: "Reports", Path: "/reports"},
		{Name: "Runs", Path: "/runs"}, {Name: "Lineage", Path: "/lineage"},
		{Name: "Rejects", Path: "/rejects"},
	} {
		entry.Current = entry.Name == v.Nav
		f.Nav = append(f.Nav, entry)
	}
	for _, check := range state.Checks {
		if check.Name == rejectsCheck {
			f.Rejects = check.Violations
		}
	}
	var out bytes.Buffer
	if err := s.pages[v.name].ExecuteTemplate(&out, "frame.html", f); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	if v.status != 0 {
		w.WriteHeader(v.status)
	}
	_, _ = w.Write(out.Bytes()) // a client that went away
	return nil
}

// fail answers with an error as a page, or as text to what is no browser.
func (s *site) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	if p.Status == http.StatusInternalServerError {
		s.Logger.Warn("a page failed", "path", r.URL.Path, "error", err)
	}
	header := w.Header()
	header.Del("Content-Disposition")
	header.Del("ETag")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "2")
	}
	if err := (view{
		name: "error", Title: p.Title, status: p.Status, Again: againAfter(p.Status), Body: p,
	}).send(s, w, r); err != nil {
		s.Logger.Error("the page of an error failed", "error", err)
		http.Error(w, p.Text, p.Status)
	}
}

// unavailableAgain is when a page that found the warehouse busy, or away, is to look again.
const unavailableAgain = 5 * time.Second

func againAfter(status int) time.Duration {
	if status == http.StatusServiceUnavailable {
		return unavailableAgain
	}
	return 0
}

// attachment is a Content-Disposition that saves a file under a name.
func attachment(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || strings.ContainsRune(`/\"`, r) {
			return '_'
		}
		return r
	}, name)
	if text := mime.FormatMediaType("attachment", map[string]string{"filename": name}); text != "" {
		return text
	}
	return "attachment"
}

// paging is a place in a list that is shown in parts.
type paging struct {
	Page         int
	Newer, Older string // addresses; "" for none
}

const (
	perPage = 50
	// maxPage bounds how far back a list may be turned: what lies behind is for SQL.
	maxPage = 100_000
)

// pageOf reads the page's number, 1 without one.
func pageOf(r *http.Request) (int, error) {
	text := r.URL.Query().Get("page")
	if text == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, &badRequestError{"page is a whole number from 1 to " + number(maxPage)}
	}
	return n, nil
}

// places are the first and the last row to read for a page: one more than it shows, which tells
// whether there is another.
func places(page int) (first, last int64) {
	return int64(page-1)*perPage + 1, int64(page)*perPage + 1
}

// cutPage cuts what places read, and links to the pages beside.
func cutPage[T any](r *http.Request, page int, rows []T) ([]T, paging) {
	p := paging{Page: page}
	to := func(n int) string {
		values := r.URL.Query()
		values.Set("page", strconv.Itoa(n))
		if n == 1 {
			values.Del("page")
		}
		if encoded := values.Encode(); encoded != "" {
			return r.URL.Path + "?" + encoded
		}
		return r.URL.Path
	}
	if page > 1 {
		p.Newer = to(page - 1)
	}
	if len(rows) > perPage {
		rows = rows[:perPage]
		p.Older = to(page + 1)
	}
	return rows, p
}
