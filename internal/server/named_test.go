package server_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// A server says at its start what it watches and who says so, and its dashboard shows the same.
func TestSourcesAreNamed(t *testing.T) {
	t.Parallel()
	_, env := migrated(t)
	f := newFolder(t, 0, 0)
	env = append(env, "DWH_SOURCE_LOG_DATA="+filepath.Join(f.root, "log_data"))
	s := serve(t, env, "--source", "song_data="+filepath.Join(f.root, "song_data"), "--log-jsonpaths",
		filepath.Join(f.root, "log_json_path.json"))
	for _, want := range []string{
		"source song_data: " + f.root + "/song_data (--source song_data)\n",
		"source log_data: " + f.root + "/log_data (DWH_SOURCE_LOG_DATA)\n",
		"source log_jsonpaths: " + f.root + "/log_json_path.json (--log-jsonpaths)\n",
		"source names: not given; 030_s_name is skipped\n",
	} {
		if !strings.Contains(s.Stderr(), want) {
			t.Errorf("got %q, want %q in it", s.Stderr(), want)
		}
	}
	dwhtest.Await(t, func() string {
		_, body := s.get("/")
		for _, want := range []string{
			`<th scope="row">song_data</th><td class="free"><code>file://` + f.root + `/song_data</code> ` +
				`<span class="muted">--source song_data</span>`,
			`<span class="muted">DWH_SOURCE_LOG_DATA</span>`,
			`<th scope="row">names</th><td><span class="null">not given</span></td>`,
		} {
			if !strings.Contains(body, want) {
				return "the overview does not hold " + want
			}
		}
		return ""
	})
	s.Stop()
	inJSON := []string{"serve", "--listen", "127.0.0.1:0", "--log-format", "json"}
	logged := start(t, env, append(inJSON, f.flags()[:2]...)...)
	logged.Wait()
	if want := "the source log_jsonpaths is not given"; !strings.Contains(logged.Stderr(), want) {
		t.Errorf("got %q, want %q", logged.Stderr(), want)
	}
	flags := append(f.flags()[:2:2], f.flags()[4:]...)
	machine := start(t, env, slices.Concat(inJSON, flags, []string{"--source", "log_data=" + f.root + "/log_data"})...)
	machine.Says(`"msg":"source","name":"log_data","url":"` + f.root + `/log_data","origin":"--source log_data",` +
		`"loads":"020_s_songplay_event"`)
	machine.Stop()
}
