package embedded

import (
	"strconv"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/query"
)

// Checks are the embedded project's checks beyond those that follow from its models; the query of
// each stands in queries/checks.sql.
func Checks() []check.Check {
	f := func(name, description string, severity check.Severity, sql string, touched ...string) check.Check {
		return check.Check{
			Name: name, Description: description, Severity: severity,
			Query: query.Text("check "+name, sql), Touched: touched,
		}
	}
	stored := query.Text("precheck of f_songplay", dwhdb.SongplayPrecheck)
	staged := query.Text("precheck of s_songplay_event", dwhdb.StagedSongplayPrecheck)
	// shared is a precheck by a query that has run for songplays-complete.
	shared := func(row *query.Query, clean func(row check.Numbers, s check.Settings) bool) *check.Precheck {
		return &check.Precheck{
			Queries: []*query.Query{row}, Shared: true,
			Clean: func(rows []check.Numbers, s check.Settings) bool { return clean(rows[0], s) },
		}
	}
	none := func(column string) func(check.Numbers, check.Settings) bool {
		return func(row check.Numbers, _ check.Settings) bool { return row[column].Sign() == 0 }
	}

	complete := f("songplays-complete", "staging and f_songplay hold the same songplays", check.Error,
		dwhdb.SongplaysComplete, "s_songplay_event", "f_songplay")
	complete.Sorts = true
	// The plays are as many, and the sums of their hashes are the same: that they differ all the
	// same has a chance of one in 2^64. The check sorts the plays of both tables together, which
	// takes three times as long.
	complete.Precheck = &check.Precheck{
		Queries: []*query.Query{&staged, &stored},
		Clean: func(rows []check.Numbers, _ check.Settings) bool {
			return rows[0]["plays"].Cmp(rows[1]["plays"]) == 0 && rows[0]["hash_sum"].Cmp(rows[1]["hash_sum"]) == 0
		},
	}

	level := f("f-songplay-level", "every level in f_songplay is free or paid", check.Error,
		dwhdb.FSongplayLevelDomain, "f_songplay")
	level.Precheck = shared(&stored, none("wrong_levels"))
	hash := f("songplay-id-hash", "every songplay_id has 64 lower-case hex digits", check.Error,
		dwhdb.SongplayIDHash, "f_songplay")
	hash.Precheck = shared(&stored, none("wrong_ids"))

	keyless := f("events-without-key", "every NextSong event has a user, session, item and valid time", check.Warn,
		dwhdb.EventsWithoutKey)
	keyless.Precheck = shared(&staged, none("incomplete"))

	matched := f("matched-share", "matched share above the threshold", check.Warn, "")
	matched.Query = query.Text("check matched-share", dwhdb.MatchedShare, "threshold")
	matched.Args = func(s check.Settings) (map[string]any, bool) {
		return map[string]any{"threshold": s.MatchedShare}, true
	}
	matched.Limit = func(s check.Settings) string {
		return "at least " + strconv.FormatFloat(100*s.MatchedShare, 'f', -1, 64) + " %"
	}
	matched.Precheck = shared(&stored, func(row check.Numbers, s check.Settings) bool {
		plays, known := row["plays"].Int64(), row["matched"].Int64()
		return plays == 0 || float64(known)/float64(plays) >= s.MatchedShare
	})

	fresh := f("freshness", "newest play within the maximum age", check.Warn, "")
	fresh.Query = query.Text("check freshness", dwhdb.Freshness, "oldest")
	fresh.Args = func(s check.Settings) (map[string]any, bool) {
		return map[string]any{"oldest": s.Now.UTC().Add(-s.MaxAge)}, s.MaxAge > 0
	}
	fresh.Off = "no maximum age is set; set checks.max_age in dwh.yaml"

	return []check.Check{
		complete,
		level,
		f("d-user-level", "every level in d_user is free or paid", check.Error, dwhdb.DUserLevelDomain, "d_user"),
		f("d-user-gender", "every gender in d_user is F or M", check.Error, dwhdb.DUserGenderDomain, "d_user"),
		hash,
		keyless,
		matched,
		fresh,
	}
}
