package clientcopy_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/dwhtest"
)

// cast is what CAST makes of a text, in the terms of clientcopy.Moment.
type cast struct {
	text           string
	days           *int32
	micros, zoned  *int64
	dayOf, shownAt string
}

// casts asks PostgreSQL to CAST texts as DATE, TIMESTAMP and TIMESTAMPTZ.
func casts(t *testing.T, texts []string) []cast {
	t.Helper()
	ctx := context.Background()
	conn := connect(t, dwhtest.Database(t))
	exec(t, conn, "SET TIME ZONE 'UTC'")
	exec(t, conn, "SET DateStyle TO ISO, MDY") // Redshift's default
	exec(t, conn, `CREATE FUNCTION as_date(v text) RETURNS date LANGUAGE plpgsql AS
		'BEGIN RETURN CAST(v AS date); EXCEPTION WHEN OTHERS THEN RETURN NULL; END'`)
	exec(t, conn, `CREATE FUNCTION as_time(v text) RETURNS timestamp LANGUAGE plpgsql AS
		'BEGIN RETURN CAST(v AS timestamp); EXCEPTION WHEN OTHERS THEN RETURN NULL; END'`)
	exec(t, conn, `CREATE FUNCTION as_zoned(v text) RETURNS timestamptz LANGUAGE plpgsql AS
		'BEGIN RETURN CAST(v AS timestamptz); EXCEPTION WHEN OTHERS THEN RETURN NULL; END'`)
	rows, err := conn.Query(ctx, `
		SELECT v, CASE WHEN isfinite(d) THEN d - DATE '2000-01-01' END,
			CASE WHEN isfinite(s) THEN CAST((EXTRACT(epoch FROM s) - 946684800) * 1000000 AS bigint) END,
			CASE WHEN isfinite(z) THEN CAST((EXTRACT(epoch FROM z) - 946684800) * 1000000 AS bigint) END,
			COALESCE(CAST(d AS text), ''), COALESCE(CAST(s AS text), '')
		FROM (SELECT v, n, as_date(v) AS d, as_time(v) AS s, as_zoned(v) AS z FROM unnest($1::text[]) WITH ORDINALITY AS u (v, n)) AS x
		ORDER BY n`, texts)
	if err != nil {
		t.Fatal(err)
	}
	var out []cast
	for rows.Next() {
		var c cast
		if err := rows.Scan(&c.text, &c.days, &c.micros, &c.zoned, &c.dayOf, &c.shownAt); err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// checkCast fails the test where 'auto' gives something else than CAST. It reports whether 'auto'
// takes the text.
func checkCast(t *testing.T, c cast) bool {
	t.Helper()
	days, micros, zoned, ok := clientcopy.Moment(c.text)
	if !ok {
		return false
	}
	if c.days == nil || c.micros == nil || c.zoned == nil {
		t.Errorf("%q: 'auto' takes it, CAST does not", c.text)
		return true
	}
	if days != *c.days || micros != *c.micros || zoned != *c.zoned {
		t.Errorf("%q: 'auto' gives day %d, %d, %d, want CAST's %d, %d, %d (%s, "+
			"%s)", c.text, days, micros, zoned, *c.days, *c.micros, *c.zoned, c.dayOf, c.shownAt)
	}
	return true
}

// guideForms are the examples of the guide's pages automatic-recognition and
// r_DATEFORMAT_and_TIMEFORMAT_strings, with the timestamp that each stands for.
var guideForms = []struct{ form, example, want string }{
	{"ISO 8601", "2019-02-11T05:09:12.195Z", "2019-02-11 05:09:12.195"},
	{"Julian", "J2451187", "1999-01-08 00:00:00"},
	{"BC", "Jan-08-95 BC", "0095-01-08 00:00:00 BC"},
	{"YYYYMMDD HHMISS", "19960108 040809", "1996-01-08 04:08:09"},
	{"YYMMDD HHMISS", "960108 040809", "1996-01-08 04:08:09"},
	{"YYYY.DDD", "1996.008", "1996-01-08 00:00:00"},
	{"YYYY-MM-DD HH:MI:SS.SSS", "1996-01-08 04:05:06.789", "1996-01-08 04:05:06.789"},
	{"DD Mon HH:MI:SS YYYY TZ", "17 Dec 07:37:16 1997 PST", "1997-12-17 07:37:16"},
	{"MM/DD/YYYY HH:MI:SS.SS TZ", "12/17/1997 07:37:16.00 PST", "1997-12-17 07:37:16"},
	{"YYYY-MM-DD HH:MI:SS+/-TZ", "1997-12-17 07:37:16-08", "1997-12-17 07:37:16"},
	{"DD.MM.YYYY HH:MI:SS TZ", "12.17.1997 07:37:16.00 PST", "1997-12-17 07:37:16"},
	{"the page's test by CAST", "J2345678 04:05:06.789", "1710-02-23 04:05:06.789"},
	{"DATEFORMAT AS 'MON-DD-YYYY'", "Jan-01-1999", "1999-01-01 00:00:00"},
	{"DATEFORMAT AS 'MM/DD/YYYY'", "03/31/2003", "2003-03-31 00:00:00"},
	{"DATEFORMAT AS 'MON DD, YYYY'", "March 31, 2003", "2003-03-31 00:00:00"},
	{"TIMEFORMAT AS 'MM.DD.YYYY HH:MI:SS'", "03.31.2003 18:45:05", "2003-03-31 18:45:05"},
	{"TIMEFORMAT AS 'MM.DD.YYYY HH:MI:SS'", "03.31.2003 18:45:05.123456", "2003-03-31 18:45:05.123456"},
}

// TestAutoTakesEveryFormOfTheGuide compares each example with CAST, as the page says to.
func TestAutoTakesEveryFormOfTheGuide(t *testing.T) {
	var texts []string
	for _, f := range guideForms {
		texts = append(texts, f.example)
	}
	for i, c := range casts(t, texts) {
		f := guideForms[i]
		if c.shownAt != f.want {
			t.Errorf("%s: CAST of %q gives %s, want %s", f.form, f.example, c.shownAt, f.want)
		}
		if !checkCast(t, c) {
			t.Errorf("%s: 'auto' refuses %q", f.form, f.example)
		}
	}
}

// autoForms are values of other shapes that 'auto' has to take, since CAST does and no rule of
// autoReader speaks against them.
var autoForms = []string{
	"1996.045", "1996.128", "1996.312", "1996.366", "2018-111", "2018/111", "2018 111",
	"2018-11-12", "2018/11/12", "2018.11.12", "2018 11 12", "2018-1-2", "1/8/99", "1/8/1999", "01-08-1999", "11 " +
		"12 2018", "11,12,2018",
	"Nov-12-18", "Nov-12-2018", "12-Nov-18", "12-Nov-2018", "2018-Nov-12", "Nov 12 2018", "Nov 12, " +
		"2018", "November 12, 2018", "12 Nov 2018",
	"2018 Nov 12", "12NOV2018", "12nov18", "Sept 12, 2018", "nov/12/2018", "12.nov.2018",
	"20181112", "181112", "20181112T040506", "20181112T04:05:06", "20181112 040506.789", "181112 040506",
	"2018-11-12 04:05", "2018-11-12 4:05:06", "2018-11-12T04:05:06", "2018-11-12t04:05:06.7", "2018-11-12  04:05:06",
	"2018-11-12 04:05:06.123456789", "2018-11-12 23:59:59.9999999", "2018-11-12 04:05:06.0000005", "2018-11-12 " +
		"04:05:06.0000015",
	"11/12/2018 02:33 PM", "11/12/2018 02:33:01pm", "11/12/2018 12:00 AM", "11/12/2018 12:00 PM",
	"2018-11-12 04:05:06+02", "2018-11-12 04:05:06 +0230", "2018-11-12 " +
		"04:05:06-02:30", "2018-11-12T04:05:06+02:00", "2018-11-12 04:05:06 UTC",
	"2018-11-12 04:05:06 GMT", "2018-11-12 04:05:06 est", "2018-11-12 04:05:06PST",
	"Mon Nov 12 04:05:06 2018", "Mon Nov 12 04:05:06 2018 PST", "Mon, 12 Nov 2018 04:05:06 GMT", "Monday, " +
		"November 12, 2018", "Mon Nov 12 04:05:06 -0800 2018",
	"04:05:06 12 Nov 2018", "04:05:06 20181112", "07:37:16 PST 17 Dec 1997",
	"0095-01-08 BC", "Jan 8, 95 BC", "1/8/95 BC", "0095-01-08 04:05:06 BC", "0095-01-08 04:05:06+00 " +
		"BC", "4713-01-01 BC", "4714-11-24 BC", "0001-12-31 BC",
	"Mar-15-44 BC", "15 Mar 753 BC", "0005-02-29 BC", "2018-11-12 AD", "J0", "J1721425", "J2299161", "J2451187 040506",
	"0001-01-01", "9999-12-31", "2000-02-29", "1900.059", "2000.366",
}

func TestAutoTakesWhatCastTakes(t *testing.T) {
	for _, c := range casts(t, autoForms) {
		if !checkCast(t, c) {
			t.Errorf("'auto' refuses %q, CAST gives %s", c.text, c.shownAt)
		}
	}
}

// autoRefused are values that must never become a date.
var autoRefused = []string{
	"", "now", "today", "epoch", "infinity", "-infinity", "1541106106796", "1541106106",
	"1541106106.796", "1541101112", "2018123", "18123",
	"1996.12", "1996.367", "1995.366", "1996.000", "2018-1112", "2018-11", "2018", "Nov 2018", "Nov " +
		"12", "12:00", "J", "J2451187.5", "J99999999",
	"2018-02-29", "2018-13-01", "13/13/2018", "00/00/00", "00/00/0000", "0000-01-01", "2018-11/12",
	"2018-11-", "2018--11-12", "2018-11-12-13", "20181112T",
	"2018-11-12T", "2018-11-12 25:00", "2018-11-12 24:00:00", "2018-11-12 04:60:00", "2018-11-12 " +
		"04:05:60", "2018-11-12 04:05:06 IST", "2018-11-12 PST",
	"2018-11-12 04:05:06 America/New_York", "2018-11-12 04:05:06+16", "2018-11-12 13:00 PM", "2018-11-12 04:05:06 " +
		"BC AD", "4714-11-23 BC", "0004-02-29 BC", "04:05:06 2018-11-12", "Mon " +
		"2018-11-12", "12-Nov-2018BC", "10000-01-01", "202-04-17",
	"Nov 12 2018 2018", "2018-11-12 04:05:06 04:05:06", "2018-11-12 04:05:06 Z Z", "Tomorrow " +
		"2018-11-12", "2018-11-12 soon", "Nov Nov 2018", "١٩٩٦-٠١-٠٨",
}

func TestAutoRefuses(t *testing.T) {
	for _, text := range autoRefused {
		if days, _, _, ok := clientcopy.Moment(text); ok {
			t.Errorf(
				"'auto' takes %q as %s", text,
				time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days)).Format(time.DateOnly),
			)
		}
	}
}

// TestAutoGivesCastsDateOrRefuses puts values together at random. Each gives what CAST gives, or is
// refused.
func TestAutoGivesCastsDateOrRefuses(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	const count = 40000
	texts := make([]string, count)
	for i := range texts {
		texts[i] = randomMoment(random)
	}
	taken, missed := 0, 0
	for _, c := range casts(t, texts) {
		switch {
		case checkCast(t, c):
			taken++
		case c.days != nil && c.micros != nil:
			missed++
		}
	}
	t.Logf("seed %d: %d of %d texts are taken, %d are refused that CAST takes", seed, taken, count, missed)
	if taken < count/20 {
		t.Errorf("only %d of %d texts are taken: the test compares too little", taken, count)
	}
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomMoment returns something like a date and a time, often a valid one.
func randomMoment(r *rand.Rand) string {
	months := []string{
		"Jan", "february", "MAR", "Apr", "may", "June", "jul", "Aug", "Sept", "sep", "October",
		"nov", "Dec", "Janx", "mon", "j",
	}
	number := func() string {
		switch r.IntN(8) {
		case 0:
			return fmt.Sprintf("%03d", r.IntN(400))
		case 1, 2:
			return fmt.Sprintf("%04d", 1+r.IntN(2100))
		case 3:
			return fmt.Sprint(r.IntN(14))
		case 4:
			return fmt.Sprint(1 + r.IntN(12))
		case 5:
			return fmt.Sprintf("%02d", r.IntN(100))
		}
		return fmt.Sprintf("%02d", 1+r.IntN(31))
	}
	word := func() string { return pick(r, months...) }
	var date string
	separator := pick(r, "-", "/", ".", " ", ", ", "", "-", " ")
	other := separator
	if r.IntN(10) == 0 {
		other = pick(r, "-", "/", ".", " ", ":")
	}
	switch r.IntN(9) {
	case 0:
		date = number() + separator + number() + other + number()
	case 1:
		date = fmt.Sprint(1+r.IntN(12)) + separator + fmt.Sprint(1+r.IntN(31)) + other + pick(r, number(), "2018", "99")
	case 2:
		date = word() + separator + number() + other + number()
	case 3:
		date = number() + separator + word() + other + number()
	case 4:
		date = number() + separator + pick(r, number(), fmt.Sprintf("%03d", r.IntN(368)))
	case 5:
		date = fmt.Sprintf("%04d%02d%02d", r.IntN(2100), r.IntN(14), r.IntN(32))
		date = date[r.IntN(3):]
	case 6:
		date = pick(r, "J", "j", "J ") + fmt.Sprint(r.IntN(5000000))
	case 7:
		date = fmt.Sprintf("%04d-%02d-%02d", r.IntN(2100), 1+r.IntN(12), 1+r.IntN(31))
	case 8:
		date = number() + separator + number() + other + word()
	}
	clock := fmt.Sprintf("%02d:%02d", r.IntN(25), r.IntN(61))
	if r.IntN(3) > 0 {
		clock += fmt.Sprintf(":%02d", r.IntN(61))
	}
	if r.IntN(5) == 0 {
		clock = fmt.Sprintf("%02d%02d%02d", r.IntN(25), r.IntN(61), r.IntN(61))
	}
	if r.IntN(3) == 0 {
		clock += "." + fmt.Sprintf("%09d", r.IntN(1000000000))[:r.IntN(10)]
	}
	if r.IntN(4) == 0 {
		clock += pick(r, "", " ") + pick(r, "AM", "pm", "PM")
	}
	zone := ""
	if r.IntN(3) == 0 {
		zone = pick(r, "", " ") + pick(
			r, "Z", "UTC", "PST", "pdt", "EST", "CET", "BST", "IST", "MSK", "NST", "JST", "+02",
			"-08", "+0530", "+05:45", "-8", "+16", "WAT", "T",
		)
	}
	era := ""
	if r.IntN(8) == 0 {
		era = pick(r, " ", "") + pick(r, "BC", "AD", "bc")
	}
	day := ""
	if r.IntN(8) == 0 {
		day = pick(r, "Mon ", "Tue, ", "Saturday ")
	}
	var text string
	switch r.IntN(10) {
	case 0, 1:
		text = date + era
	case 2, 3, 4:
		text = day + date + pick(r, " ", "T", " ", "  ", "") + clock + zone + era
	case 5:
		text = day + date + era + " " + clock + zone
	case 6:
		text = clock + zone + " " + date + era
	case 7:
		text = day + pick(r, "Dec 17", "17 Dec", "12/17") + " " + clock + pick(r, "", zone) + " " +
			"" + number() + pick(r, "", zone) + era
	default:
		text = day + date + " " + clock + zone
	}
	if r.IntN(12) == 0 && len(text) > 1 { // a slip
		i := r.IntN(len(text))
		text = text[:i] + pick(r, "", "-", " ", ".", ":", "0", "x", "+") + text[i+r.IntN(2):]
	}
	return strings.TrimSpace(text)
}
