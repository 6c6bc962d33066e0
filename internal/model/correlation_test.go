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
