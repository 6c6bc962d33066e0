package dashboard

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/chart"
	"github.com/sparkify/dwh/internal/report"
	"github.com/sparkify/dwh/internal/table"
)

func chartTitle(r report.Report) string {
	return cmp.Or(r.Heading, sentence(r.Description), r.Name)
}

// reportFile is a report as a file: its chart, or a download.
func (s *site) reportFile(r *http.Request) (answer, error) {
	item, err := s.findReport(r)
	if err != nil {
		return nil, err
	}
	given, problems, err := values(item, r.URL.Query())
	if err != nil {
		return nil, err
	}
	problemsOf(item, given, problems)
	for _, param := range item.Params {
		if problems[param.Name] != "" {
			return nil, &badRequestError{param.Name + " " + problems[param.Name]}
		}
	}
	ctx := r.Context()
	name := r.PathValue("file")
	switch name {
	case "chart.svg", "chart-dark.svg", "chart-narrow.svg", "chart-narrow-dark.svg", "thumbnail.svg",
		"thumbnail-dark.svg", "data.svg":
		result, err := s.result(ctx, item, given)
		if err != nil {
			return nil, err
		}
		o := chart.Options{Title: chartTitle(item), Width: wideChart, Dark: strings.Contains(name, "-dark")}
		if strings.Contains(name, "-narrow") {
			o.Width = narrowChart
		}
		if strings.HasPrefix(name, "thumbnail") {
			o.Width, o.Height, o.Bare, o.First = narrowChart, thumbnailHeight, true, true
			if !chart.Drawable(result.table) {
				// The index does not know before what can be drawn.
				return file{kind: "image/svg+xml", text: []byte(emptyPicture), policy: svgPolicy,
					cache: "private, no-cache"}, nil
			}
		}
		picture, err := chart.SVG(result.table, o)
		var flat *table.NoMeasureError
		if errors.As(err, &flat) {
			advice := "the report has no column of numbers"
			if flat.Off {
				advice = "the header of the report says chart: none"
			}
			return nil, &missingError{what: "chart of this report", advice: advice}
		}
		if err != nil {
			return nil, fmt.Errorf("draw the chart: %w", err)
		}
		f := file{kind: "image/svg+xml", text: picture, policy: svgPolicy, cache: "private, no-cache"}
		if name == "data.svg" {
			f.download, f.cache = item.Name+".svg", "no-store"
		}
		return f, nil
	}
	safe := name == "data-safe.csv"
	if safe {
		name = "data.csv"
	}
	extension := strings.TrimPrefix(name, "data.")
	formats := map[string]table.Format{"csv": table.CSV, "json": table.JSON, "md": table.Markdown}
	kinds := map[string]string{
		"csv": "text/csv; charset=utf-8; header=present", "json": "application/json",
		"md": "text/markdown; charset=utf-8",
	}
	format, ok := formats[extension]
	if !ok || name != "data."+extension {
		return nil, &missingError{}
	}
	rows := &bounded{bytes: s.MaxBytes}
	var found table.Table
	if err := s.warehouse.read(ctx, func(tx pgx.Tx) (err error) {
		rows.Querier = tx
		found, err = item.Run(ctx, rows, given)
		return err
	}); err != nil {
		return nil, err
	}
	if safe {
		found = table.Safe(found)
	}
	var text bytes.Buffer
	if err := table.Write(&text, found, format); err != nil {
		return nil, fmt.Errorf("write %s: %w", extension, err)
	}
	return file{
		kind: kinds[extension], text: text.Bytes(), policy: dataPolicy, cache: "no-store",
		download: item.Name + "." + extension,
	}, nil
}
