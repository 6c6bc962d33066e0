package dashboard

import (
	"time"

	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/internal/transform"
)

// Box is where the lineage's picture has a table.
type Box struct {
	Name                string
	X, Y, Width, Height int
}

// Layout lays out the lineage of steps.
func Layout(steps []transform.Step) (width, height int, boxes []Box, edges [][2]string) {
	g := newGraph(newLineage(steps).tables)
	for _, n := range g.Nodes {
		boxes = append(boxes, Box{n.Name, n.X, n.Y, n.Width, n.Height})
	}
	for _, e := range g.Edges {
		edges = append(edges, [2]string{e.From, e.To})
	}
	return g.Width, g.Height, boxes, edges
}

// Ago is how a page says when something was.
func Ago(d time.Duration) string {
	now := time.Now()
	return ago(now.Add(-d), now)
}

// Words is how a page says how long something took.
func Words(d time.Duration) string { return words(d) }

// Counted is how a page counts things.
func Counted(n int64, what string) string { return counted(n, what) }

// Relations are the tables that a query reads.
func Relations(sql string) []string { return relations(sql, sqlfile.Postgres) }
