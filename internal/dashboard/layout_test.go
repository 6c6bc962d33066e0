package dashboard_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/catalogue"
	"github.com/sparkify/dwh/internal/dashboard"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
	"github.com/sparkify/dwh/transforms"
)

// However a project's transforms read and write, circles included, every table has a place of its
// own inside the picture, and every edge is drawn.
func TestLayout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"s_", "d_", "f_", "other_"}).Draw(t, "prefix") + fmt.Sprint(
				rapid.IntRange(1, 30).Draw(t, "number"),
			)
		}), 0, 14, rapid.ID[string]).Draw(t, "names")
		var steps []transform.Step
		want := map[[2]string]bool{}
		for i, name := range names {
			step := transform.Step{
				Name: fmt.Sprintf("%03d_%s", i, name), Number: fmt.Sprintf("%03d", i),
				Table: catalogue.Name(name), Writes: []catalogue.Name{catalogue.Name(name)},
			}
			for _, read := range rapid.SliceOfN(
				rapid.SampledFrom(append(names, "s_unwritten")), 0, 4,
			).Draw(t, "reads") {
				step.Reads = append(step.Reads, catalogue.Name(read))
				if read != name {
					want[[2]string{read, name}] = true
				}
			}
			steps = append(steps, step)
		}
		width, height, boxes, edges := dashboard.Layout(steps)
		for i, a := range boxes {
			if a.X < 0 || a.Y < 0 || a.X+a.Width > width || a.Y+a.Height > height {
				t.Fatalf("%v lies outside %d by %d", a, width, height)
			}
			for _, b := range boxes[:i] {
				if a.X < b.X+b.Width && b.X < a.X+a.Width && a.Y < b.Y+b.Height && b.Y < a.Y+a.Height {
					t.Fatalf("%v and %v overlap", a, b)
				}
			}
		}
		if len(edges) != len(want) {
			t.Fatalf("got %d edges, want %d", len(edges), len(want))
		}
		for _, edge := range edges {
			if !want[edge] {
				t.Fatalf("got the edge %v, which no transform has", edge)
			}
		}
	})
}

// TestHelpersAreALayer: helpers stand between staging and the tables that readers use, however many
// of them read one another.
func TestHelpersAreALayer(t *testing.T) {
	t.Parallel()
	steps, err := transform.Steps(transforms.FS, "transforms", sqlfile.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	_, _, boxes, _ := dashboard.Layout(steps)
	at := map[string]int{}
	for _, box := range boxes {
		at[box.Name] = box.X
	}
	for _, layers := range [][2][]string{
		{{"s_song", "s_name", "s_songplay_event"}, {"song", "songplay", "name_sex"}},
		{{"song", "songplay", "name_sex"}, {"name_artist"}},
		{{"name_artist", "songplay"}, {"d_song", "d_artist", "d_user", "d_time"}},
		{{"d_song", "d_artist", "d_user", "d_time"}, {"f_songplay"}},
	} {
		for _, left := range layers[0] {
			for _, right := range layers[1] {
				if at[left] >= at[right] {
					t.Errorf("%s stands at %d, and %s at %d, want it further left", left, at[left], right, at[right])
				}
			}
		}
	}
}
