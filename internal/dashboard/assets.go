package dashboard

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"time"

	"github.com/sparkify/dwh/internal/chart"
)

//go:embed assets
var assetFiles embed.FS

// assets are the style, the script and the icon, by names that change with their contents.
type assets struct {
	files map[string]asset
}

type asset struct {
	hash string
	text []byte
	kind string
}

var assetKinds = map[string]string{
	"dwh.css": "text/css; charset=utf-8", "dwh.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
}

func newAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}}
	for name, kind := range assetKinds {
		text, err := fs.ReadFile(assetFiles, "assets/"+name)
		if err != nil {
			return nil, err
		}
		if name == "dwh.css" {
			text = append(text, chart.Stylesheet()...)
		}
		a.files[name] = asset{hash: hashOf(text), text: text, kind: kind}
	}
	return a, nil
}

// path is where an asset is served.
func (a *assets) path(name string) string { return "/assets/" + a.files[name].hash + "/" + name }

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// asset finds the file of an address; one of another version is not found rather than wrong.
func (s *site) asset(r *http.Request) (answer, error) {
	a, ok := s.assets.files[r.PathValue("name")]
	if !ok || a.hash != r.PathValue("hash") {
		return nil, &missingError{}
	}
	return file{kind: a.kind, text: a.text, policy: dataPolicy, cache: "private, max-age=31536000, immutable"}, nil
}

// file is an answer that is no page.
type file struct {
	kind     string
	text     []byte
	policy   string
	cache    string
	download string // the name to save it under; "" to show it
}

// send implements answer; a client that has the same bytes already is told so.
func (f file) send(_ *site, w http.ResponseWriter, r *http.Request) error {
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Content-Security-Policy", f.policy)
	header.Set("ETag", `"`+hashOf(f.text)+`"`)
	header.Set("Cache-Control", f.cache)
	if f.download != "" {
		header.Set("Content-Disposition", attachment(f.download))
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text))
	return nil
}
