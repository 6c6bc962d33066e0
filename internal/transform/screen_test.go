package transform_test

import (
	"testing"

	"github.com/sparkify/dwh/internal/check"
)

// TestScreenSeesWhatEachCheckSees: the look that stands for several checks lets no violation of theirs pass.
func TestScreenSeesWhatEachCheckSees(t *testing.T) {
	t.Parallel()
	const one = " WHERE songplay_id = (SELECT MIN(songplay_id) FROM f_songplay)"
	seen := map[string]bool{}
	for _, damage := range []struct{ name, sql, fails string }{
		{"none", "SELECT 1", ""},
		{"no id", "ALTER TABLE f_songplay DROP CONSTRAINT f_songplay_pkey, ALTER COLUMN songplay_id DROP NOT NULL; UPDATE f_songplay SET songplay_id = NULL" + one, "f-songplay-key"},
		{"empty id", "UPDATE f_songplay SET songplay_id = ''" + one, "f-songplay-key"},
		{"no user", "ALTER TABLE f_songplay ALTER COLUMN user_id DROP NOT NULL; UPDATE f_songplay SET user_id = NULL" + one, "f-songplay-key"},
		{"empty user", "UPDATE f_songplay SET user_id = ''" + one, "f-songplay-key"},
		{"empty user who exists", "INSERT INTO d_user (user_id) VALUES (''); UPDATE f_songplay SET user_id = ''" + one, "f-songplay-key"},
		{"no time", "ALTER TABLE f_songplay ALTER COLUMN start_time DROP NOT NULL; UPDATE f_songplay SET start_time = NULL" + one, "f-songplay-key"},
		{"no moment", "ALTER TABLE f_songplay ALTER COLUMN played_at DROP NOT NULL; UPDATE f_songplay SET played_at = NULL" + one, "f-songplay-key"},
		{"no session", "ALTER TABLE f_songplay ALTER COLUMN session_id DROP NOT NULL; UPDATE f_songplay SET session_id = NULL" + one, "f-songplay-key"},
		{"unknown user", "UPDATE f_songplay SET user_id = 'nobody'" + one, "f-songplay-user"},
		{"unknown time", "UPDATE f_songplay SET start_time = start_time + INTERVAL '1 year'" + one, "f-songplay-time"},
		{"unknown song", "UPDATE f_songplay SET song_id = 'none'" + one, "f-songplay-song"},
		{"unknown artist", "UPDATE f_songplay SET artist_id = 'none'" + one, "f-songplay-artist"},
		{"another level", "UPDATE f_songplay SET level = 'gold'" + one, "f-songplay-level"},
		{"no level", "UPDATE f_songplay SET level = NULL" + one, ""},
		{"short hash", "UPDATE f_songplay SET songplay_id = SUBSTRING(songplay_id FROM 2)" + one, "songplay-id-hash"},
		{"upper case hash", "UPDATE f_songplay SET songplay_id = 'A' || SUBSTRING(songplay_id FROM 2)" + one, "songplay-id-hash"},
	} {
		t.Run(damage.name, func(t *testing.T) {
			w, s := wide(t)
			w.run(s.vars())
			w.exec(damage.sql)
			runner := w.runner(s.vars())
			together, err := runner.Check(t.Context(), "", nil)
			if err != nil {
				t.Fatal(err)
			}
			failed := false
			for i, one := range check.BuiltIn() {
				if one.Screen == nil {
					continue
				}
				alone, err := runner.Check(t.Context(), "", []string{one.Name})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := together[i].Violations, alone[0].Violations; got != want {
					t.Errorf("%s: got %d violations, want %d", one.Name, got, want)
				}
				if one.Name == damage.fails && alone[0].Violations > 0 {
					failed = true
				}
			}
			if !failed && damage.fails != "" {
				t.Errorf("%s found nothing", damage.fails)
			}
			seen[damage.fails] = true
		})
	}
	for _, one := range check.BuiltIn() {
		if one.Screen != nil && !seen[one.Name] {
			t.Errorf("no damage for %s", one.Name)
		}
	}
}
