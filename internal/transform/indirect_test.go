package transform_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// TestFirstRunChecksWhatViewsShow: a project's check that reads the fact through a view, through a
// function or with its schema sees the rows that a first run commits, whether they are loaded in
// its transaction or staged before it. It neither lets violations pass nor misses the rows.
func TestFirstRunChecksWhatViewsShow(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]string{
		"view":            "levels",
		"view of a view":  "these_levels",
		"function":        "level_list()",
		"schema":          "public.f_songplay",
		"quoted schema":   `"public".f_songplay`,
		"the table alone": "f_songplay",
	} {
		for way, batch := range map[string]int{"loaded": 1000, "staged": 1} {
			for want, sql := range map[string]string{
				"refused": "SELECT level FROM " + from + " AS l WHERE l.level = 'free'",
				"passed":  "SELECT 1 AS missing WHERE NOT EXISTS (SELECT 1 FROM " + from + " AS l)",
			} {
				t.Run(name+" "+way+" "+want, func(t *testing.T) {
					t.Parallel()
					w, s := wide(t)
					w.exec(`CREATE VIEW levels AS SELECT level FROM f_songplay;
						CREATE VIEW these_levels AS SELECT level FROM levels;
						CREATE FUNCTION level_list() RETURNS TABLE (level VARCHAR) LANGUAGE plpgsql AS
						'BEGIN RETURN QUERY SELECT play.level FROM f_songplay AS play; END'`)
					files := fstest.MapFS{"own.sql": {Data: []byte("-- Own.\n" + sql + ";\n")}}
					own, err := check.Project(files, "checks", sqlfile.Postgres, nil)
					if err != nil {
						t.Fatal(err)
					}
					runner := w.runner(s.vars(), parallel, func(o *transform.Options) {
						o.BatchObjects, o.FullCheck = batch, true
						o.Checks = slices.Concat(star.Checks(t), own)
					})
					result, err := runner.Run(t.Context(), "test", nil)
					plays := "40"
					if want == "refused" {
						plays = "0"
					}
					if (err != nil) != (want == "refused") {
						t.Errorf("got the error %v, want it %s", err, want)
					}
					if got := w.one("SELECT COUNT(*) FROM f_songplay"); got != plays {
						t.Errorf("got %s plays, want %s", got, plays)
					}
					if err != nil {
						return
					}
					results, err := runner.CheckAfter(t.Context(), &result)
					if err != nil {
						t.Fatal(err)
					}
					if got := check.Failed(results, false); got != nil || len(results) != len(runner.Checks) {
						t.Errorf("got %d results and %v, want %d and no failure", len(results), got, len(runner.Checks))
					}
				})
			}
		}
	}
}
