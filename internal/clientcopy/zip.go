package clientcopy

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// isZip tells an object that is read as the CSV files it holds, which is how the names data set is
// published. Redshift knows no such thing.
func isZip(stmt *copystmt.Statement, o Object) bool {
	return stmt.Format == copystmt.CSV && stmt.Compression == copystmt.None && strings.EqualFold(
		path.Ext(string(o.URL)), ".zip",
	)
}

// readZip reads every .txt and .csv file of an archive, in their order there; one without any is a
// *FormatError. An archive needs random access: a local one is opened in place, one from S3 is
// spooled to a temporary file that is removed.
func (w *worker) readZip(o Object) error {
	var file *os.File
	var err error
	local := o.URL.Scheme() == objectstore.SchemeFile
	if local {
		file, err = os.Open(o.URL.Path())
	} else {
		file, err = w.spool(o)
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", o.URL, err)
	}
	defer file.Close()
	if !local {
		defer os.Remove(file.Name())
	}
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("open %s: %w", o.URL, err)
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		return fmt.Errorf("open %s: %w", o.URL, err)
	}
	var left []string
	found := false
	for _, entry := range archive.File {
		base := path.Base(entry.Name)
		if entry.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(entry.Name, "__MACOSX/") {
			continue
		}
		if ext := strings.ToLower(path.Ext(base)); ext != ".txt" && ext != ".csv" {
			if ext != ".pdf" { // a description
				left = append(left, entry.Name)
			}
			continue
		}
		found = true
		w.part = entry.Name
		if err := w.readEntry(entry); err != nil {
			return fmt.Errorf("%s in %s: %w", entry.Name, o.URL, err)
		}
	}
	w.part = ""
	if !found {
		return &FormatError{
			Found: "a ZIP archive without a file whose name ends in .txt or .csv",
			Fix:   "give its files such names, or unpack it",
		}
	}
	w.left(w.object, left)
	if local {
		w.bytes.Add(info.Size())
		now, err := w.store.Stat(w.ctx, o.URL)
		if err != nil {
			return err
		}
		if o.ETag != "" && now.ETag != o.ETag {
			return fmt.Errorf("read %s: %w", o.URL, objectstore.ErrChanged)
		}
	}
	return nil
}

func (w *worker) readEntry(entry *zip.File) error {
	body, err := entry.Open()
	if err != nil {
		return err
	}
	defer body.Close() // it checks nothing that reading to the end did not
	w.win.reset(decodeText(w.stmt, body))
	return w.decoder.decode(&w.win, &w.out)
}

// spool copies an object to a temporary file.
func (w *worker) spool(o Object) (*os.File, error) {
	body, err := w.store.Open(w.ctx, o)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	file, err := os.CreateTemp("", "dwh-*.zip")
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, &source{worker: w, r: body}); err != nil {
		file.Close()
		os.Remove(file.Name())
		return nil, err
	}
	return file, nil
}
