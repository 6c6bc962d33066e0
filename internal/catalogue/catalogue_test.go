package catalogue_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/catalogue"
)

var update = flag.Bool("update", false, "rewrite the golden file")

// TestStatements holds every statement that is put together from names against the one that was
// reviewed. The names are as hostile as a catalogue can make them.
func TestStatements(t *testing.T) {
	t.Parallel()
	live := catalogue.Table{
		Schema: "public", Name: "d_song", Columns: []catalogue.Name{
			"song_id", `ti"tle`, "select",
		}, Key: []catalogue.Name{"song_id", "select"}, Texts: []catalogue.Name{"song_id", `ti"tle`},
	}
	staged := catalogue.Table{Schema: "public", Name: "s_song", Columns: []catalogue.Name{"song_id", "processed"}}
	built := live.In("dwh_scratch")
	touched := built.Named("d_song__touched")
	difference := built.Named("difference_d_song")
	got := strings.Join([]string{
		catalogue.CreateSchema(`dwh"; DROP TABLE x; --`),
		catalogue.DropSchema("dwh_scratch"),
		catalogue.SetSearchPath("dwh_scratch", "public"),
		catalogue.CreateEmpty(built, live),
		catalogue.CreateUnprocessed(staged.In("dwh_scratch"), staged),
		catalogue.CreateArrived(staged.In("dwh_arrived"), staged.In("dwh_arrived").Named("arrived_s_song"), staged),
		catalogue.InsertArrived(staged, staged.In("dwh_arrived").Named("arrived_s_song"), true),
		catalogue.CreateView(staged.In("dwh_scratch"), staged.In("dwh_scratch").Named("s_song__touched")),
		catalogue.DropView(built),
		catalogue.DropView(built, touched),
		catalogue.CountUnprocessed([]catalogue.Table{staged, staged.Named("s_name")}),
		catalogue.HasProcessed(staged),
		catalogue.FlagProcessed(staged),
		catalogue.CountRows(live),
		catalogue.HasRows(live),
		catalogue.Analyze(live),
		catalogue.AnalyzeLoaded(live),
		catalogue.InsertValues("s_object", []catalogue.Name{"url", "etag"}, "('a', 'b')"),
		catalogue.SameRows(live, built.SQL(), -2),
		catalogue.CreateDifference(difference, live, built),
		catalogue.CountDifference(difference),
		catalogue.DeleteDifferent(live, difference),
		catalogue.InsertDifferent(live, built, difference),
		catalogue.DropTable(live),
		catalogue.DropTableCascade(built),
		catalogue.RenameTable(touched, "d_song"),
		catalogue.MoveTable(built, "public"),
		catalogue.Require(built, []catalogue.Name{"song_id", `ti"tle`}),
		catalogue.AddKey(built, `d_song"pkey`, live.Key),
		catalogue.InsertAll(live, built),
	}, ";\n\n") + ";\n"
	const golden = "testdata/statements.golden.sql"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
