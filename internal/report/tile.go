package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/table"
)

// A Tile is a figure of the newest seven days in a report's result, beside that of the seven days
// before:
//
//	-- tile: revenue by day
//	-- tile: Average basket = mean basket by day
//	-- tile: Paid share = paid / orders by day
type Tile struct {
	Title string // for people, above the figure

	function string // sum, mean or last
	column   word
	per      word // divides the column; "" for none
	by       word // the column of days
	place    place
}

const (
	week      = 7
	sparkDays = 28 // of a tile's sparkline
	// TileDays is how many days up to the newest one a tile needs rows of.
	TileDays = sparkDays
)

const tileHint = "write -- tile: revenue by day, or -- tile: Average basket = mean basket by day, " +
	"or -- tile: Paid share = paid / orders by day"

func newTile(file *sqlfile.File, line sqlfile.Line) (Tile, error) {
	t := Tile{function: "sum", place: place{file, line.Line}}
	words := wordsOf(line)
	if equals := slices.IndexFunc(words, func(w word) bool { return w.text == "=" }); equals > 0 {
		title := make([]string, equals)
		for i, w := range words[:equals] {
			title[i] = w.text
		}
		t.Title, words = strings.Join(title, " "), words[equals+1:]
	}
	if len(words) > 1 && slices.Contains([]string{"sum", "mean", "last"}, words[0].text) &&
		words[1].text != "by" && words[1].text != "/" {
		t.function, words = words[0].text, words[1:]
	}
	fault := func(i int, msg string) (Tile, error) {
		at := line.At
		if i < len(words) {
			at = words[i].at
		}
		return t, t.place.fault(at, msg, tileHint)
	}
	if len(words) == 0 {
		return fault(0, "tile: names no column")
	}
	t.column = words[0]
	next := 1
	if len(words) > 2 && words[1].text == "/" {
		if t.function != "sum" {
			return fault(1, "tile: a share needs two sums: one / other")
		}
		t.per, next = words[2], 3
	}
	if len(words) != next+2 || words[next].text != "by" {
		return fault(next, "tile: by and a column of days must follow the column")
	}
	t.by = words[next+1]
	if t.Title == "" {
		t.Title = TitleOf(t.column.text)
	}
	return t, nil
}

// A Figure is what a tile shows of a result.
type Figure struct {
	Title    string    // that of its Tile
	Value    string    // for people: "1,270.90", "73.2 %"
	From, To time.Time // the first and the last day of Value, seven days or less
	Change   string    // "+12.3 %", "-1.2 points"; "" where there is nothing to compare with
	Before   string    // the value of the seven days before
	Trend    int       // 1 more than before, -1 less, 0 the same, or nothing to compare with
	Spark    []float64 // values of up to TileDays days, the oldest first
	// SparkFrom is the first day of Spark, whose values are those of each day up to To; NaN is a
	// day without one.
	SparkFrom time.Time
	// Missing is how many of the seven days have no row, MissingBefore the same of the days before.
	Missing, MissingBefore int
	decimals               int
	share                  bool
}

// Day is a value of Spark for people.
func (f Figure) Day(v float64) string { return f.text(v) }

func (f Figure) text(v float64) string {
	if f.share {
		return table.Fixed(100*v, 1) + " %"
	}
	return table.Fixed(v, f.decimals)
}

// A tally adds up the rows of some days.
type tally struct {
	sum, per float64
	rows     int
	last     float64
	lastDay  time.Time
}

func (t Tile) value(n tally) float64 {
	switch {
	case t.per.text != "" && n.per == 0:
		return math.NaN()
	case t.per.text != "":
		return n.sum / n.per
	case t.function == "mean" && n.rows == 0, t.function == "last" && n.rows == 0:
		return math.NaN()
	case t.function == "mean":
		return n.sum / float64(n.rows)
	case t.function == "last":
		return n.last
	}
	return n.sum
}

// DayOf is the day that a value of a result stands for: a date, a moment, or YYYY-MM-DD as text.
func DayOf(value any) (day time.Time, ok bool) {
	switch v := value.(type) {
	case time.Time:
		return v.UTC().Truncate(24 * time.Hour), true
	case string:
		day, err := time.Parse(time.DateOnly, v)
		return day, err == nil
	}
	return time.Time{}, false
}

// columns finds the tile's columns in a result; per is -1 without one.
func (t Tile) columns(result table.Table) (column, per, by int, err error) {
	if column, err = t.number(result, t.column); err != nil {
		return 0, 0, 0, err
	}
	per = -1
	if t.per.text != "" {
		if per, err = t.number(result, t.per); err != nil {
			return 0, 0, 0, err
		}
	}
	by, err = t.place.column(result, "tile", t.by)
	return column, per, by, err
}

func (t Tile) number(result table.Table, name word) (int, error) {
	at, err := t.place.column(result, "tile", name)
	if err == nil && !result.Measurable(at) {
		err = t.place.fault(
			name.at, fmt.Sprintf("tile: the column %s holds no numbers", table.Visible(name.text)),
			tileHint,
		)
	}
	return at, err
}

// Figure is the tile of a result; ok is false where no row has a day. What does not fit the result
// is a *sqlfile.Error with its place.
func (t Tile) Figure(result table.Table) (f Figure, ok bool, err error) {
	column, per, by, err := t.columns(result)
	if err != nil {
		return Figure{}, false, err
	}
	days := make([]time.Time, len(result.Rows))
	var oldest, newest time.Time
	for row := range result.Rows {
		value := result.Value(row, by)
		if value == nil {
			continue
		}
		day, ok := DayOf(value)
		if !ok {
			return Figure{}, false, t.place.fault(t.by.at, fmt.Sprintf("tile: the column %s holds %q, which is not "+
				"a day",
				table.Visible(t.by.text), table.Visible(
					table.Exact(value),
				)), "a day is a date, or a text such as 2018-11-30")
		}
		days[row] = day
		if newest.IsZero() || day.After(newest) {
			newest = day
		}
		if oldest.IsZero() || day.Before(oldest) {
			oldest = day
		}
	}
	if newest.IsZero() {
		return Figure{}, false, nil
	}
	between := func(from, to time.Time) tally {
		var n tally
		for row, day := range days {
			if day.IsZero() || day.Before(from) || day.After(to) {
				continue
			}
			v, some := result.Number(row, column)
			if !some {
				continue
			}
			n.sum += v
			n.rows++
			if !day.Before(n.lastDay) {
				n.last, n.lastDay = v, day
			}
			if per >= 0 {
				d, _ := result.Number(row, per)
				n.per += d
			}
		}
		return n
	}
	f = Figure{
		Title: t.Title, To: newest, From: newest.AddDate(0, 0, 1-week), share: per >= 0,
		decimals: result.Decimals(column),
	}
	if t.function == "mean" && f.decimals < 0 {
		f.decimals = 1
	}
	now := t.value(between(f.From, newest))
	before := t.value(between(newest.AddDate(0, 0, 1-2*week), newest.AddDate(0, 0, -week)))
	f.Value = f.shown(now)
	if oldest.After(f.From) {
		f.From = oldest
	}
	// Less than seven days before say nothing.
	if !oldest.After(newest.AddDate(0, 0, 1-2*week)) && !math.IsNaN(before) && !math.IsNaN(now) {
		f.compare(now, before)
	}
	f.Missing = missing(days, f.From)
	f.MissingBefore = missing(days, f.From.AddDate(0, 0, -week))
	f.SparkFrom = newest.AddDate(0, 0, 1-sparkDays)
	if oldest.After(f.SparkFrom) {
		f.SparkFrom = oldest
	}
	for day := f.SparkFrom; !day.After(newest); day = day.AddDate(0, 0, 1) {
		f.Spark = append(f.Spark, t.value(between(day, day)))
	}
	return f, true, nil
}

// missing counts the days of the week from a day on that no row has.
func missing(days []time.Time, from time.Time) int {
	n := 0
	for i := range week {
		if !slices.Contains(days, from.AddDate(0, 0, i)) {
			n++
		}
	}
	return n
}

func (f Figure) shown(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return f.text(v)
}

// compare says how much more or less than before a value is: in percent, or in points of a share.
func (f *Figure) compare(now, before float64) {
	f.Before = f.shown(before)
	f.Trend = cmp.Compare(now, before)
	switch {
	case f.share:
		f.Change = signed(100*(now-before)) + " points"
	case before != 0:
		f.Change = signed(100*(now-before)/math.Abs(before)) + " %"
	}
	if strings.HasPrefix(f.Change, "0.0 ") {
		f.Trend = 0 // what is rounded away is no change
	}
}

// signed is a number with one digit behind the point, and a plus where it is above zero.
func signed(v float64) string {
	text := table.Fixed(v, 1)
	switch {
	case text == "0.0" || text == "-0.0":
		return "0.0"
	case v > 0:
		return "+" + text
	}
	return text
}
