package chart

import (
	"strconv"
	"strings"
	"time"

	"github.com/sparkify/dwh/internal/table"
)

// order tells whether the labels of the given rows stand in an order of their own: whole numbers,
// days, months or moments, each larger than the one before. It returns the places to draw, those
// between included that no row has, and the place of each row.
func order(t table.Table, column int, rows []int) (slots []string, place []int, ok bool) {
	name := strings.ToLower(t.Columns[column].Name)
	if name == "id" || strings.HasSuffix(name, "_id") {
		return nil, nil, false
	}
	if slots, place, ok = numbers(t, column, rows, name); ok {
		return slots, place, true
	}
	if slots, place, ok = days(t, column, rows); ok {
		return slots, place, true
	}
	return moments(t, column, rows)
}

// weekdays are the names of a week's days, 0 being Monday.
var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// sparse is whether so many places for so few rows would be mostly empty.
func sparse(places int64, rows int) bool { return places > int64(4*rows+24) }

func numbers(t table.Table, column int, rows []int, name string) (slots []string, place []int, ok bool) {
	values := make([]int64, len(rows))
	for i, row := range rows {
		v, whole := t.Value(row, column).(int64)
		if !whole || i > 0 && v <= values[i-1] {
			return nil, nil, false
		}
		values[i] = v
	}
	low, high := values[0], values[len(values)-1]
	// A day has all its hours and a week all its days, whether or not somebody listened.
	switch {
	case name == "hour" && low >= 0 && high <= 23:
		low, high = 0, 23
	case name == "weekday" && low >= 0 && high <= 6:
		low, high = 0, 6
	}
	if spread := high - low; spread < 0 || sparse(spread, len(rows)) {
		return asTheyCome(t, column, rows)
	}
	for v := low; v <= high; v++ {
		if name == "weekday" && low == 0 && high == 6 {
			slots = append(slots, weekdays[v])
			continue
		}
		slots = append(slots, strconv.FormatInt(v, 10))
	}
	for _, v := range values {
		place = append(place, int(v-low))
	}
	return slots, place, true
}

func days(t table.Table, column int, rows []int) (slots []string, place []int, ok bool) {
	values := make([]time.Time, len(rows))
	for i, row := range rows {
		var day time.Time
		switch v := t.Value(row, column).(type) {
		case time.Time:
			if day = v.UTC(); !day.Equal(day.Truncate(24 * time.Hour)) {
				return nil, nil, false
			}
		case string:
			var err error
			if day, err = time.Parse(time.DateOnly, v); err != nil {
				return nil, nil, false
			}
		default:
			return nil, nil, false
		}
		if i > 0 && !day.After(values[i-1]) {
			return nil, nil, false
		}
		values[i] = day
	}
	first, last := values[0], values[len(values)-1]
	distance := func(day time.Time) int64 { return (day.Unix() - first.Unix()) / 86400 }
	if sparse(distance(last), len(rows)) {
		return asTheyCome(t, column, rows)
	}
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		slots = append(slots, day.Format(time.DateOnly))
	}
	for _, day := range values {
		place = append(place, int(distance(day)))
	}
	return slots, place, true
}

// moments are times of day, and months as YYYY-MM, in the places that rows have.
func moments(t table.Table, column int, rows []int) (slots []string, place []int, ok bool) {
	var before time.Time
	for i, row := range rows {
		var at time.Time
		switch v := t.Value(row, column).(type) {
		case time.Time:
			at = v
		case string:
			var err error
			if at, err = time.Parse("2006-01", v); err != nil {
				return nil, nil, false
			}
		default:
			return nil, nil, false
		}
		if i > 0 && !at.After(before) {
			return nil, nil, false
		}
		before = at
	}
	return asTheyCome(t, column, rows)
}

func asTheyCome(t table.Table, column int, rows []int) (slots []string, place []int, ok bool) {
	for i, row := range rows {
		slots = append(slots, t.Label(row, column))
		place = append(place, i)
	}
	return slots, place, true
}
