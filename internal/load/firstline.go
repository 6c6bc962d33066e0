package load

import (
	"fmt"
	"slices"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/objectstore"
	"github.com/sparkify/dwh/internal/progress"
	"github.com/sparkify/dwh/internal/table"
)

// warnFirstLines tells of which objects IGNOREHEADER seems not to fit the first line.
func (x *execution) warnFirstLines(copied clientcopy.Result) {
	for _, text := range x.plan.firstLines(copied) {
		x.Observer(progress.Event{Kind: progress.Warning, Step: x.plan.File.Name, Text: text})
	}
}

// firstLines says in sentences of which objects IGNOREHEADER seems not to fit the first line. Where
// Redshift copies, only refused records tell: a line with the names of the columns was refused.
func (p *Plan) firstLines(copied clientcopy.Result) []string {
	lines := map[clientcopy.FirstLine][]objectstore.URL{}
	told := map[objectstore.URL]bool{}
	for _, object := range copied.Objects {
		if object.First != clientcopy.FirstLineFits {
			lines[object.First] = append(lines[object.First], object.Object.URL)
			told[object.Object.URL] = true
		}
	}
	for _, reject := range copied.Rejects {
		if reject.Line != 1 || reject.Raw == "" || told[reject.Object] {
			continue
		}
		if p.Statement.IgnoreHeader > 0 {
			break
		}
		if clientcopy.LooksLikeNames(p.Statement, reject.Raw) {
			lines[clientcopy.NamesColumns] = append(lines[clientcopy.NamesColumns], reject.Object)
			told[reject.Object] = true
		}
	}
	at := p.File.place()
	var out []string
	if urls := lines[clientcopy.NamesColumns]; len(urls) > 0 {
		out = append(
			out,
			subject(urls, "begins with", "begin with")+" the names of the columns, and the COPY reads that line as "+
				"a record: add IGNOREHEADER 1 to the COPY at "+at,
		)
	}
	if urls := lines[clientcopy.PassedOver]; len(urls) > 0 {
		out = append(
			out,
			subject(
				urls,
				"begins with",
				"begin with",
			)+" a line that looks like a record, and the COPY skips it: remove IGNOREHEADER from the COPY at "+at+
				", or put the names of the columns into the first line",
		)
	}
	if urls := lines[clientcopy.OtherOrder]; len(urls) > 0 {
		out = append(
			out,
			subject(
				urls, "names", "name",
			)+" the columns in another order than the COPY: give the COPY's list of columns "+
				"in the order of the first line, at "+at,
		)
	}
	return out
}

// subject is the first of the objects, and how many more there are, with the verb.
func subject(urls []objectstore.URL, name, several string) string {
	first := slices.Min(urls)
	switch more := len(urls) - 1; more {
	case 0:
		return fmt.Sprintf("%s %s", first, name)
	case 1:
		return fmt.Sprintf("%s and 1 more object %s", first, several)
	default:
		return fmt.Sprintf("%s and %s more objects %s", first, table.Count(int64(more)), several)
	}
}
