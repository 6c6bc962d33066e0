package clientcopy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/jsonfault"
	"github.com/sparkify/dwh/internal/objectstore"
)

// manifestLimit bounds a manifest, bytes: some hundred thousand entries.
const manifestLimit = 64 << 20

// Manifest reads the manifest that a statement with MANIFEST names and looks its entries up
// (loading-data-files-using-manifest): an entry twice is loaded twice, one that is not there is
// left out unless it is mandatory, and nothing left is an error. A manifest is never decompressed.
func Manifest(ctx context.Context, store *objectstore.Store, stmt *copystmt.Statement) ([]Object, error) {
	if !stmt.Manifest {
		return nil, stmt.ErrorAt("FROM", "the statement has no MANIFEST", "", nil)
	}
	u, err := objectstore.ParseURL(stmt.From)
	if err != nil {
		return nil, stmt.ErrorAt("FROM", err.Error(), "MANIFEST takes the full name of one object", err)
	}
	data, _, err := store.ReadAll(ctx, u, manifestLimit)
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	var manifest struct {
		Entries []struct {
			URL       string `json:"url"`
			Mandatory bool   `json:"mandatory"`
		} `json:"entries"`
	}
	malformed := func(format string, args ...any) error {
		return stmt.ErrorAt("FROM", fmt.Sprintf("manifest %s: ", u)+fmt.Sprintf(format, args...),
			`write {"entries": [{"url": "s3://bucket/key", "mandatory": true}]}`, nil)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, malformed("%s", jsonfault.Describe(data, err))
	}
	if len(manifest.Entries) == 0 {
		return nil, malformed("it has no entries")
	}
	var objects []Object
	for i, entry := range manifest.Entries {
		target, err := objectstore.ParseURL(entry.URL)
		if err != nil || entry.URL == "" {
			return nil, malformed("entry %d: %q is not the URL of an object", i+1, entry.URL)
		}
		o, err := store.Stat(ctx, target)
		switch {
		case errors.Is(err, objectstore.ErrNotExist) && !entry.Mandatory:
			continue
		case err != nil:
			return nil, fmt.Errorf("manifest %s: entry %d: %w", u, i+1, err)
		}
		objects = append(objects, o)
	}
	if len(objects) == 0 {
		return nil, stmt.ErrorAt("FROM", fmt.Sprintf(
			"manifest %s: none of its %d objects exists", u, len(manifest.Entries),
		),
			"COPY fails when no file is found, mandatory or not", objectstore.ErrNotExist)
	}
	return objects, nil
}
