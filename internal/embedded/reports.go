package embedded

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
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
		{"gender-breakdown", dwhdb.GenderBreakdown},
		{"songplays-by-hour", dwhdb.SongplaysByHour},
		{"songplays-by-weekday", dwhdb.SongplaysByWeekday},
		{"daily-activity", dwhdb.DailyActivity},
	}
}

// Reports returns the embedded project's reports. Title, parameters and all else stand above each
// query in queries/reports.sql, as in the header of a project's report. It panics where they are
// wrong, which a test finds.
func Reports() []report.Report {
	texts := reportTexts()
	all := make([]report.Report, 0, len(texts))
	for _, one := range reportQueries() {
		file, err := sqlfile.Parse("queries/reports.sql", texts[one.sql[:strings.IndexByte(one.sql, '\n')]])
		if err != nil {
			panic(err)
		}
		r, err := report.New(one.name, file, query.Text("report "+one.name, one.sql, arguments(file.Text())...))
		if err != nil {
			panic(err)
		}
		all = append(all, r)
	}
	return all
}

// ReportFiles returns the same reports as the files of a project: by name, NAME.sql.
func ReportFiles() map[string][]byte {
	texts := reportTexts()
	files := map[string][]byte{}
	for _, one := range reportQueries() {
		text := texts[one.sql[:strings.IndexByte(one.sql, '\n')]]
		files[one.name+".sql"] = []byte(argument.ReplaceAllString(text, ":'$1'"))
	}
	return files
}

// reportTexts are the texts of queries/reports.sql by the line that names the query, without that
// line.
func reportTexts() map[string]string {
	all, err := fs.ReadFile(queries.FS, "reports.sql")
	if err != nil {
		panic(fmt.Errorf("the embedded reports: %w", err))
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
var argument = regexp.MustCompile(`sqlc\.arg\('(\w+)'\)`)

// arguments are the names of a query's parameters, $1 first: sqlc numbers them as they come.
func arguments(text string) []string {
	var names []string
	for _, match := range argument.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(names, match[1]) {
			names = append(names, match[1])
		}
	}
	return names
}
