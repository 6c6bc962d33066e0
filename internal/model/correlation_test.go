package model_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/sqlfile"
)

const rideTables = `
CREATE TABLE s_station (station_id VARCHAR(4), borough VARCHAR(4), processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE s_ride (ride_id INTEGER, station_id VARCHAR(4), end_id VARCHAR(4), until INTEGER,
    processed BOOLEAN DEFAULT FALSE NOT NULL);
CREATE TABLE d_station (station_id VARCHAR(4) PRIMARY KEY, borough VARCHAR(4));
CREATE TABLE d_ride (ride_id INTEGER PRIMARY KEY, x VARCHAR(4));`

var rideModels = map[string]string{
	"101_ride": `-- ride: one row per ride.
-- from: s_ride
SELECT ride_id, TRIM(station_id) AS station_id, TRIM(end_id) AS end_id, until FROM s_ride;
`,
	"110_d_station": `-- d_station: one row per station.
-- key:  station_id
-- pick: borough
-- from: s_station
SELECT station_id, borough FROM s_station WHERE station_id IS NOT NULL;
`,
}

// compileRides compiles d_ride with that line of joins: and that SELECT.
func compileRides(t *testing.T, joins, query string) error {
	t.Helper()
	models := map[string]string{"210_d_ride": "-- d_ride: one row per ride.\n-- key: ride_id\n-- pick: x\n" +
		"-- from: ride\n-- joins: " + joins + "\n" + query + ";\n"}
	for name, text := range rideModels {
		models[name] = text
	}
	_, err := inlineProject(t, rideTables, models).compile(sqlfile.Postgres)
	return err
}

// wantRefused expects an error with that message.
func wantRefused(t *testing.T, query, want string, err error) {
	t.Helper()
	var told *sqlfile.Error
	if !errors.As(err, &told) || !strings.Contains(told.Error(), want) || told.Hint == "" {
		t.Errorf("%s:\n  got  %v\n  want %s", query, err, want)
	}
}

const (
	rideIn    = "ride.station_id IN (SELECT borough FROM d_station)"
	rideAny   = "ride.station_id = ANY (SELECT borough FROM d_station)"
	rideWhere = "SELECT ride.ride_id, ride.end_id AS x FROM ride WHERE ride.ride_id IS NOT NULL AND "
)

// TestInOverLookup compiles IN over a lookup where FALSE and NULL give the same result.
func TestInOverLookup(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		rideWhere + rideIn,
		rideWhere + rideAny,
		rideWhere + "(" + rideIn + ")",
		rideWhere + "(ride.until > 3 OR ride.until < 9 AND " + rideIn + ")",
		rideWhere + "NOT (ride.until > 3 OR NOT " + rideIn + ")",
		rideWhere + "NOT (ride.station_id IN (SELECT d.borough FROM d_station AS d " +
			"WHERE d.borough = ride.station_id))",
		"SELECT ride.ride_id, CASE WHEN " + rideIn + " THEN 'yes' ELSE 'no' END AS x FROM ride " +
			"WHERE ride.ride_id IS NOT NULL",
		"SELECT ride.ride_id, other.label AS x FROM ride LEFT JOIN (SELECT 'a' AS label) AS other ON " + rideIn +
			" WHERE ride.ride_id IS NOT NULL",
	} {
		if err := compileRides(t, "d_station by borough = station_id", query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestInThatCannotBeUsed compiles IN over a lookup where a NULL among its other rows would change
// the result.
func TestInThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	in := "IN cannot be used as a value or behind NOT over d_station, which dwh reads only in part, by borough"
	quantified := " cannot be used as a value, behind NOT or without = over d_station, which dwh reads only in part"
	selected := func(x string) string {
		return "SELECT ride.ride_id, " + x + " AS x FROM ride WHERE ride.ride_id IS NOT NULL"
	}
	for _, wrong := range []struct{ query, want string }{
		{rideWhere + "NOT (" + rideIn + ")", "210_d_ride.sql:6:108: " + in},
		{rideWhere + "NOT " + rideIn, in},
		{rideWhere + "NOT (ride.until > 3 OR " + rideIn + ")", in},
		{rideWhere + "(" + rideIn + ") IS NULL", in},
		{rideWhere + rideIn + " IS FALSE", in},
		{rideWhere + "(" + rideIn + ") IS NOT TRUE", in},
		{rideWhere + "(" + rideIn + ") IS UNKNOWN", in},
		{rideWhere + "(" + rideIn + ") = FALSE", in},
		{rideWhere + "COALESCE(" + rideIn + ", TRUE)", in},
		{rideWhere + "CASE WHEN NOT " + rideIn + " THEN TRUE ELSE FALSE END", in},
		{selected("CAST(" + rideIn + " AS VARCHAR(4))"), in},
		{selected("CASE " + rideIn + " WHEN FALSE THEN 'no' END"), in},
		{rideWhere + "NOT (" + rideAny + ")", "ANY" + quantified},
		{rideWhere + "ride.station_id <> ANY (SELECT borough FROM d_station)", "ANY" + quantified},
		{rideWhere + "ride.station_id <> ALL (SELECT borough FROM d_station)", "ALL" + quantified},
	} {
		wantRefused(t, wrong.query, wrong.want, compileRides(t, "d_station by borough = station_id", wrong.query))
	}
}

// TestCorrelated compiles SELECTs that compare the column of by with that of from:, or with what
// may be equal to it.
func TestCorrelated(t *testing.T) {
	t.Parallel()
	selected := func(x string) string {
		return "SELECT ride.ride_id, " + x + " AS x FROM ride WHERE ride.ride_id IS NOT NULL"
	}
	joined := func(on string) string {
		return "SELECT ride.ride_id, s.borough AS x FROM ride LEFT JOIN d_station AS s ON " + on +
			" WHERE ride.ride_id IS NOT NULL"
	}
	for _, query := range []string{
		selected("(SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = ride.station_id)"),
		selected("(SELECT MAX(borough) FROM d_station AS d WHERE d.station_id = ride.station_id " +
			"AND d.station_id = 'S1')"),
		selected("(SELECT MAX(borough) FROM d_station AS d WHERE d.station_id = 'S1')") + " AND ride.station_id = 'S1'",
		selected("(SELECT MAX(d.borough) FROM d_station AS d WHERE ride.station_id = d.station_id AND end_id = 'S1')"),
		selected("(SELECT MAX(d.borough) FROM d_station AS d " +
			"WHERE d.station_id = CAST(ride.station_id AS VARCHAR(9)))"),
		selected("(SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = NULLIF(ride.station_id, 'S1'))"),
		selected("(SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = TRIM(ride.station_id))"),
		selected("(SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = ride.station_id || '')"),
		"SELECT r.ride_id, (SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = r.place) AS x " +
			"FROM (SELECT ride_id, station_id AS place FROM ride WHERE ride_id IS NOT NULL) AS r",
		"SELECT r.ride_id, (SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = r.place || 'x') AS x " +
			"FROM (SELECT ride_id, LEFT(station_id, 1) AS place FROM ride WHERE ride_id IS NOT NULL) AS r",
		"WITH r AS (SELECT ride_id, station_id AS place FROM ride WHERE ride_id IS NOT NULL) " +
			"SELECT r.ride_id, (SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = r.place) AS x FROM r",
		"SELECT ride.ride_id, q.x FROM ride LEFT JOIN (SELECT station_id, borough AS x FROM d_station " +
			"WHERE station_id = 'S1') AS q ON q.station_id = ride.station_id WHERE ride.ride_id IS NOT NULL",
		"SELECT ride.ride_id, q.x FROM ride LEFT JOIN (SELECT n.k, 'x' AS x FROM (SELECT 'S1' AS k) AS n " +
			"WHERE EXISTS (SELECT 1 FROM d_station AS d WHERE d.station_id = 'S1')) AS q ON q.k = ride.station_id " +
			"WHERE ride.ride_id IS NOT NULL",
		"SELECT ride.ride_id, q.x FROM ride LEFT JOIN (SELECT n.k, 'x' AS x FROM (SELECT 'S1' AS k) AS n " +
			"WHERE n.k IN (SELECT station_id FROM d_station)) AS q ON q.k = ride.station_id " +
			"WHERE ride.ride_id IS NOT NULL",
		rideWhere + "ride.station_id IN (SELECT n.k FROM (SELECT 'S1' AS k) AS n " +
			"WHERE EXISTS (SELECT 1 FROM d_station AS d WHERE d.station_id = n.k))",
		"SELECT ride.ride_id, o.k AS x FROM ride INNER JOIN (SELECT 'S1' AS k) AS o ON o.k = ride.station_id " +
			"WHERE ride.ride_id IS NOT NULL AND EXISTS (SELECT 1 FROM d_station AS d WHERE d.station_id = o.k)",
		joined("s.station_id = ride.station_id"),
		joined("ride.station_id = s.station_id AND s.station_id = REPLACE(ride.station_id, 'S1', 'S2')"),
		joined("s.station_id = COALESCE(ride.station_id, '')"),
		joined("s.station_id = REPLACE(ride.station_id, 'a', 'b') " +
			"AND ride.station_id = REPLACE(ride.station_id, 'a', 'b')"),
		rideWhere + "ride.station_id IN (SELECT station_id FROM d_station WHERE borough > 'a')",
		rideWhere + "ride.station_id IN (SELECT d.station_id FROM d_station AS d WHERE d.borough = 'B')",
	} {
		if err := compileRides(t, "d_station by station_id", query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{
		rideWhere + "ride.end_id IN (SELECT borough FROM d_station AS d WHERE d.station_id = ride.station_id)",
		selected("(SELECT MAX(d.borough) FROM d_station AS d WHERE d.station_id = ride.station_id " +
			"AND d.borough = ride.end_id)"),
	} {
		if err := compileRides(t, "d_station by station_id, borough = end_id", query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestNotCorrelated compiles SELECTs that compare the column of by with something else.
func TestNotCorrelated(t *testing.T) {
	t.Parallel()
	sub := "by compares station_id of d_station with station_id of ride, but the subquery compares it with "
	join := "by compares station_id of d_station with station_id of ride, but the SELECT compares it with "
	selected := func(condition string) string {
		return "SELECT ride.ride_id, (SELECT MAX(d.borough) FROM d_station AS d WHERE " + condition +
			") AS x FROM ride WHERE ride.ride_id IS NOT NULL"
	}
	joined := func(on string) string {
		return "SELECT ride.ride_id, s.borough AS x FROM ride LEFT JOIN d_station AS s ON " + on +
			" WHERE ride.ride_id IS NOT NULL"
	}
	for _, wrong := range []struct{ query, want string }{
		{selected("station_id = 'S1'"), "210_d_ride.sql:6:22: " + sub + "'S1'"},
		{selected("d.station_id = d.station_id"), sub + "itself"},
		{selected("d.station_id = station_id"), sub + "itself"},
		{selected("d.station_id = d.borough"), sub + "borough of d_station"},
		{selected("d.station_id = ride.end_id"), sub + "end_id of ride"},
		{selected("d.station_id = end_id"), sub + "end_id of ride"},
		{selected("d.station_id = LOWER(d.borough) || 'x'"), sub + "LOWER(d.borough) || 'x'"},
		{selected("d.station_id = ride.station_id || 'x'"), sub + "ride.station_id || 'x'"},
		{selected("d.station_id = REPLACE(ride.station_id, 'a', 'b')"), sub + "REPLACE(ride.station_id, 'a', 'b')"},
		{rideWhere + "EXISTS (SELECT 1 FROM d_station WHERE station_id = 'S1')", sub + "'S1'"},
		{rideWhere + "ride.end_id IN (SELECT station_id FROM d_station)", sub + "end_id of ride"},
		{rideWhere + "'S1' IN (SELECT station_id FROM d_station)", sub + "'S1'"},
		{
			joined("s.station_id = REPLACE(ride.station_id, 'S1', 'S2')"),
			"210_d_ride.sql:5:1: " + join + "REPLACE(ride.station_id, 'S1', 'S2')",
		},
		{joined("s.station_id = 'S1'"), join + "'S1'"},
	} {
		wantRefused(t, wrong.query, wrong.want, compileRides(t, "d_station by station_id", wrong.query))
	}
}
