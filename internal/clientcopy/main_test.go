package clientcopy_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/dwhtest"
)

func TestMain(m *testing.M) { dwhtest.Main(m) }

// parse reads a COPY statement.
func parse(t testing.TB, sql string) *copystmt.Statement {
	t.Helper()
	stmt, err := copystmt.ParseText(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return stmt
}

// newDecoder compiles a statement for columns.
func newDecoder(t testing.TB, sql string, columns []clientcopy.Column, window int) *clientcopy.Decoder {
	t.Helper()
	d, err := clientcopy.NewDecoder(parse(t, sql), columns, window)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return d
}

// writeFile writes a file under the test's folder and returns its path.
func writeFile(t testing.TB, dir, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func varchar(name string, length int) clientcopy.Column {
	return clientcopy.Column{Name: name, Type: "character varying", Length: length}
}

func column(name, typ string) clientcopy.Column { return clientcopy.Column{Name: name, Type: typ} }

// eventColumns are those of s_songplay_event that its COPY lists.
func eventColumns() []clientcopy.Column {
	return []clientcopy.Column{
		varchar("artist", 1024), varchar("auth", 64), varchar(
			"first_name", 256,
		), varchar("gender", 64), column("item_in_session", "integer"),
		varchar("last_name", 256), column(
			"length", "double precision",
		), varchar("level", 64), varchar("location", 1024),
		varchar("method", 64), varchar("page", 64), column("registration", "bigint"), column("session_id", "bigint"),
		varchar("song", 1024), column(
			"status", "integer",
		), column("ts", "bigint"), varchar("user_agent", 4096), varchar("user_id", 64),
	}
}

// eventPaths is the JSONPaths file of the events.
const eventPaths = `{"jsonpaths": ["$['artist']", "$['auth']", "$['firstName']", "$['gender']", "$['itemInSession']", "$['lastName']",
"$['length']", "$['level']", "$['location']", "$['method']", "$['page']", "$['registration']", "$['sessionId']", "$['song']",
"$['status']", "$['ts']", "$['userAgent']", "$['userId']"]}`

// events makes n events as the application logs them, about 470 bytes each, deterministically.
func events(n int) []byte {
	var b bytes.Buffer
	artists := []string{"Harmonia", "The Prodigy", "Bj\u00f6rk", "Counting Crows", "Simon \\/ Garfunkel \\\"live\\\""}
	agents := []string{
		`\"Mozilla\/5.0 (Windows NT 6.1; WOW64) AppleWebKit\/537.36 (KHTML, like Gecko) ` +
			`Chrome\/37.0.2062.103 Safari\/537.36\"`,
		"Mozilla/5.0 (Windows NT 5.1; rv:31.0) Gecko/20100101 Firefox/31.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 (KHTML, like Gecko) " +
			"Chrome/36.0.1985.143 Safari/537.36",
	}
	for i := range n {
		if i%7 == 0 {
			fmt.Fprintf(
				&b,
				`{"artist":null,"auth":"Logged `+
					`In","firstName":"Kaylee","gender":"F","itemInSession":%d`+
					`,"lastName":"Summers","length":null,"level":"free"`+
					`,"location":"Phoenix-Mesa-Scottsdale, AZ","method":"GET"`+
					`,"page":"Home","registration":1540344794796.0,"sessionId":%d`+
					`,"song":null,"status":200,"ts":%d,"userAgent":"%s"`+
					`,"userId":"%d"}`+"\n",
				i%50, 100+i/50, 1541106106796+int64(i)*1000, agents[i%3], i%97,
			)
			continue
		}
		fmt.Fprintf(
			&b,
			`{"artist":"%s","auth":"Logged `+
				`In","firstName":"Kaylee","gender":"F","itemInSession":%d`+
				`,"lastName":"Summers","length":%d.%05d,"level":"paid"`+
				`,"location":"San Jose-Sunnyvale-Santa Clara, CA","method":"PUT"`+
				`,"page":"NextSong","registration":1540344794796.0,"sessionId":%d`+
				`,"song":"Canto Alla Vita (Album Version %d)","status":200,"ts":%d`+
				`,"userAgent":"%s","userId":"%d"}`+"\n",
			artists[i%5], i%50, 100+i%300, i%100000, 100+i/50, i%991, 1541106106796+int64(i)*1000,
			agents[i%3], i%97,
		)
	}
	return b.Bytes()
}

// eventDecoder is the decoder of the events' COPY.
func eventDecoder(t testing.TB, window int) *clientcopy.Decoder {
	t.Helper()
	paths := writeFile(t, t.TempDir(), "paths.json", []byte(eventPaths))
	return newDecoder(
		t, fmt.Sprintf("COPY s_songplay_event FROM 's3://b/log_data' FORMAT AS JSON '%s'", paths),
		eventColumns(), window,
	)
}
