package embedded

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/dwhdb"
	"github.com/sparkify/dwh/internal/query"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/sqlfile"
	"github.com/sparkify/dwh/queries"
)

// reportQuery is a query of queries/reports.sql by the name of its report.
type reportQuery struct{ name, sql string }

// reportQueries lists the embedded project's reports in the order of "dwh report list".
func reportQueries() []reportQuery {
	return []reportQuery{
		{"songplays-by-level", dwhdb.SongplaysByLevel},
		{"songplays-by-location", dwhdb.SongplaysByLocation},
		{"top-artists", dwhdb.TopArtists},
		{"top-songs", dwhdb.TopSongs},
		{"top-artists-by-gender", dwhdb.TopArtistsByGender},
		{"artist-locations", dwhdb.ArtistLocations},
		{"artists-gaining", dwhdb.ArtistsGaining},
		{"gender-breakdown", dwhdb.GenderBreakdown},
		{"songplays-by-hour", dwhdb.SongplaysByHour},
		{"songplays-by-weekday", dwhdb.SongplaysByWeekday},
		{"daily-activity", dwhdb.DailyActivity},
		{"daily-matches", dwhdb.DailyMatches},
	}
}

// Reports returns the embedded project's reports. Title, parameters and all else stand above each
// query in queries/reports.sql, as in the header of a project's report. It panics where they are
// wrong, which a test finds.
func Reports() []report.Report {
	texts := queryTexts("reports.sql")
	all := make([]report.Report, 0, len(texts))
	for _, item := range reportQueries() {
		file, err := sqlfile.Parse("queries/reports.sql", texts[item.sql[:strings.IndexByte(item.sql, '\n')]])
		if err != nil {
			panic(err)
		}
		r, err := report.New(item.name, file, query.Text("report "+item.name, item.sql, arguments(file.Text(),
			item.sql)...))
		if err != nil {
			panic(err)
		}
		all = append(all, r)
	}
	return all
}

// ReportExamples are command lines for the help.
func ReportExamples() []string {
	return []string{
		"dwh report list", "dwh report songplays-by-level", "dwh report top-artists --limit 3 --format json",
		`dwh report artist-locations --artist "Muse" --chart`, "dwh report daily-activity -o activity.svg",
		"dwh report top-artists --safe -o top.csv", "dwh report --all -o report.html",
	}
}

// ReportFiles returns the same reports as the files of a project: by name, NAME.sql.
func ReportFiles() map[string][]byte {
	texts := queryTexts("reports.sql")
	files := map[string][]byte{}
	for _, r := range reportQueries() {
		text := texts[r.sql[:strings.IndexByte(r.sql, '\n')]]
		files[r.name+".sql"] = []byte(argument.ReplaceAllString(text, ":'$1'"))
	}
	return files
}

// queryTexts are the texts of a file of queries/ by the line that names the query, without that
// line.
func queryTexts(file string) map[string]string {
	all, err := fs.ReadFile(queries.FS, file)
	if err != nil {
		panic(fmt.Errorf("the embedded queries: %w", err))
	}
	texts := map[string]string{}
	const begin = "-- name: "
	for _, text := range strings.Split("\n"+string(all), "\n"+begin)[1:] {
		name, rest, _ := strings.Cut(text, "\n")
		texts[begin+name] = strings.TrimSpace(rest) + "\n"
	}
	return texts
}

// argument matches a parameter as sqlc has it.
var argument = regexp.MustCompile(`sqlc\.arg\('?(\w+)'?\)`)

// number matches a parameter as sqlc generates it.
var number = regexp.MustCompile(`\$([0-9]+)`)

// arguments are the names of a query's parameters, $1 first. They stand in the same places of the
// query and of what sqlc made of it.
func arguments(text, sql string) []string {
	names := []string{}
	written := argument.FindAllStringSubmatch(text, -1)
	for i, match := range number.FindAllStringSubmatch(sql, -1) {
		n, err := strconv.Atoi(match[1])
		if err != nil || n < 1 || i >= len(written) {
			panic(fmt.Errorf("the embedded reports: %s has other parameters in queries/reports.sql", match[0]))
		}
		names = slices.Grow(names, n)[:max(len(names), n)]
		names[n-1] = written[i][1]
	}
	return names
}
