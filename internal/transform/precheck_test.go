package transform_test

import (
	"fmt"
	"testing"

	"github.com/sparkify/dwh/internal/check"
	"github.com/sparkify/dwh/internal/dwhtest/star"
	"github.com/sparkify/dwh/internal/transform"
)

// TestPrecheckSeesWhatEachCheckSees: neither a precheck nor the one pass for the rules of a table
// lets a violation pass.
func TestPrecheckSeesWhatEachCheckSees(t *testing.T) {
	t.Parallel()
	const onePlay = " WHERE songplay_id = (SELECT MIN(songplay_id) FROM f_songplay)"
	const again = "INSERT INTO f_songplay (songplay_id, start_time, played_at, user_id, " +
		"session_id) SELECT REVERSE(songplay_id), start_time, played_at, user_id, session_id FROM f_songplay"
	deliver := func(values string) string {
		return "INSERT INTO s_songplay_event (page, user_id, session_id, item_in_session, ts, " +
			"processed) VALUES ('NextSong', " + values + ")"
	}
	few := func(songs int) string { // of 40 plays
		return fmt.Sprintf(
			"UPDATE f_songplay SET song_id = NULL WHERE songplay_id NOT IN (SELECT songplay_id "+
				"FROM f_songplay ORDER BY songplay_id LIMIT %d)",
			songs,
		)
	}
	settings := check.Settings{MatchedShare: 0.1}
	share := func(o *transform.Options) { o.Settings = settings }
	seen := map[string]bool{}
	for _, damage := range []struct{ name, sql, fails string }{
		{"none", "SELECT 1", ""},
		{
			"no id",
			"ALTER TABLE f_songplay DROP CONSTRAINT f_songplay_pkey, ALTER COLUMN songplay_id " +
				"DROP NOT NULL; UPDATE f_songplay SET songplay_id = NULL" + onePlay,
			"f_songplay-key",
		},
		{"empty id", "UPDATE f_songplay SET songplay_id = ''" + onePlay, "songplay-id-hash"},
		{
			"no user",
			"ALTER TABLE f_songplay ALTER COLUMN user_id DROP NOT NULL; UPDATE f_songplay SET user_id = NULL" + onePlay,
			"songplays-complete",
		},
		{"empty user", "UPDATE f_songplay SET user_id = ''" + onePlay, "f_songplay-user_id"},
		{
			"empty user who exists",
			"INSERT INTO d_user (user_id) VALUES (''); UPDATE f_songplay SET user_id = ''" + onePlay,
			"songplays-complete",
		},
		{
			"no moment",
			"ALTER TABLE f_songplay ALTER COLUMN played_at DROP NOT NULL; UPDATE f_songplay SET " +
				"played_at = NULL" + onePlay,
			"songplays-complete",
		},
		{
			"no session",
			"ALTER TABLE f_songplay ALTER COLUMN session_id DROP NOT NULL; UPDATE f_songplay SET " +
				"session_id = NULL" + onePlay,
			"songplays-complete",
		},
		{
			"a song without id",
			"ALTER TABLE d_song DROP CONSTRAINT d_song_pkey, ALTER COLUMN song_id DROP NOT NULL; " +
				"INSERT INTO d_song (title) VALUES ('x')",
			"d_song-key",
		},
		{"unknown user", "UPDATE f_songplay SET user_id = 'nobody'" + onePlay, "f_songplay-user_id"},
		{
			"unknown time",
			"UPDATE f_songplay SET start_time = start_time + INTERVAL '1 year'" + onePlay,
			"f_songplay-start_time",
		},
		{"unknown song", "UPDATE f_songplay SET song_id = 'none'" + onePlay, "f_songplay-song_id"},
		{"unknown artist", "UPDATE f_songplay SET artist_id = 'none'" + onePlay, "f_songplay-artist_id"},
		{"another level", "UPDATE f_songplay SET level = 'gold'" + onePlay, "f-songplay-level"},
		{"no level", "UPDATE f_songplay SET level = NULL" + onePlay, ""},
		{
			"short hash",
			"UPDATE f_songplay SET songplay_id = SUBSTRING(songplay_id FROM 2)" + onePlay,
			"songplay-id-hash",
		},
		{"lost", "DELETE FROM f_songplay" + onePlay, "songplays-complete"},
		{
			"lost and another twice",
			"UPDATE f_songplay SET (user_id, session_id, played_at) = (SELECT user_id, " +
				"session_id, played_at FROM f_songplay ORDER BY songplay_id DESC LIMIT 1)" + onePlay,
			"songplays-complete",
		},
		{"twice, with another id", again + onePlay, "songplays-complete"},
		{
			"as often as it was delivered",
			again + " WHERE played_at < (SELECT MIN(played_at) FROM f_songplay) + INTERVAL '6500 seconds'",
			"songplays-complete",
		},
		{
			"a millisecond later",
			"UPDATE f_songplay SET played_at = played_at + INTERVAL '0.001 second'" + onePlay,
			"songplays-complete",
		},
		{"another session", "UPDATE f_songplay SET session_id = session_id + 1" + onePlay, "songplays-complete"},
		{
			"another user",
			"UPDATE f_songplay SET user_id = CASE WHEN user_id = 'a' THEN 'b' ELSE 'a' END" + onePlay,
			"songplays-complete",
		},
		{"a session that folds alike", "UPDATE f_songplay SET session_id = 4294967296" + onePlay, "songplays-complete"},
		{"a moment that folds alike", `UPDATE f_songplay SET played_at = TIMESTAMP '2000-01-01'
			+ (CAST(EXTRACT(EPOCH FROM played_at - TIMESTAMP '2000-01-01') * 1000000 AS BIGINT) # 4294967297) * INTERVAL '1 microsecond'` + onePlay, "songplays-complete"},
		{
			"a microsecond later",
			"UPDATE f_songplay SET played_at = played_at + INTERVAL '1 microsecond'" + onePlay,
			"songplays-complete",
		},
		{
			"two sessions exchanged",
			"UPDATE f_songplay SET session_id = session_id + 1 WHERE user_id = 'a'; UPDATE " +
				"f_songplay SET session_id = session_id - 1 WHERE user_id = 'b'",
			"songplays-complete",
		},
		{"staged since", deliver("'z', 7, 1, 99000, FALSE"), "songplays-complete"},
		{"staged as processed", deliver("'z', 7, 1, 99000, TRUE"), "songplays-complete"},
		{"another item at the same moment", deliver("'a', 1, 77, 1541106106796, TRUE"), "songplays-complete"},
		{
			"three more deliveries",
			deliver(
				"'t  ', 1, 19000, 1541125106796, TRUE",
			) + "; " + deliver("'t', 1, 19000, 1541125106796, TRUE") + "; " + deliver(
				"'t', 1, 19000, 1541125106796, FALSE",
			),
			"",
		},
		{"no user staged", deliver("NULL, 7, 1, 99000, TRUE"), "events-without-key"},
		{"blank user staged", deliver("'  ', 7, 1, 99000, TRUE"), "events-without-key"},
		{"no session staged", deliver("'z', NULL, 1, 99000, TRUE"), "events-without-key"},
		{"no item staged", deliver("'z', 7, NULL, 99000, TRUE"), "events-without-key"},
		{"no moment staged", deliver("'z', 7, 1, NULL, TRUE"), "events-without-key"},
		{"the year 0 staged", deliver("'z', 7, 1, -62135596800001, TRUE"), "events-without-key"},
		{"no user of a known play", deliver("'', 1, 0, 1541106106796, TRUE"), "events-without-key"},
		{"the year 10000 staged", deliver("'z', 7, 1, 253402300800000, TRUE"), "events-without-key"},
		{"another user's with the same integers", deliver("'z', 1, 19000, 1541125106796, TRUE"), "songplays-complete"},
		{"too few songs", few(3), "matched-share"},
		{"few songs", few(4), ""},
		{"no plays", "DELETE FROM f_songplay; DELETE FROM s_songplay_event", ""},
		{
			"upper case hash",
			"UPDATE f_songplay SET songplay_id = 'A' || SUBSTRING(songplay_id FROM 2)" + onePlay,
			"songplay-id-hash",
		},
	} {
		t.Run(damage.name, func(t *testing.T) {
			w, s := wide(t)
			w.run(s.vars())
			w.exec(damage.sql)
			together, err := w.runner(s.vars(), share).Check(t.Context(), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			exact := w.runner(s.vars(), share, func(o *transform.Options) {
				for i := range o.Checks {
					o.Checks[i].Precheck = nil
				}
			})
			cache := check.NewPrecheckCache(w.pool)
			failed := false
			for i, c := range star.Checks(t) {
				if damage.fails == "" && c.Precheck != nil {
					if clean, err := c.Precheck.Proves(t.Context(), cache, settings); err != nil || !clean {
						t.Errorf("%s: the precheck proves nothing where nothing is damaged: %v", c.Name, err)
					}
				}
				// One check of a table is made without a pass for several.
				alone, err := exact.Check(t.Context(), "", []string{c.Name})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := together[i].Violations, alone[0].Violations; got != want {
					t.Errorf("%s: got %d violations, want %d", c.Name, got, want)
				}
				if c.Name == damage.fails && alone[0].Violations > 0 {
					failed = true
				}
			}
			if !failed && damage.fails != "" {
				t.Errorf("%s found nothing", damage.fails)
			}
			seen[damage.fails] = true
		})
	}
	for _, c := range star.Checks(t) {
		if c.Precheck != nil && !seen[c.Name] {
			t.Errorf("no damage for %s", c.Name)
		}
	}
}
