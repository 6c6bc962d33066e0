package objectstore

import (
	"context"
	"io"
)

func (s *folderStore) open(ctx context.Context, o Object) (io.ReadCloser, Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, Object{}, &Error{Op: "open", URL: o.URL, Err: err}
	}
	path := o.URL.Path()
	if o.ETag != "" {
		// Most objects are still as they were listed. Why another one is not is found out below.
		if f, err := s.system.open(path); err == nil {
			if st, err := f.status(); err == nil && st.kind == regular && st.is(o.ETag) {
				return &fileReader{ctx: ctx, system: s.system, file: f, path: path, object: o}, o, nil
			}
			_ = f.Close() // nothing was written
		}
	}
	// What nobody has listed may be anything, of which not all can be opened without consequences.
	st, err := s.statFile("open", o.URL)
	if err != nil {
		return nil, Object{}, err
	}
	if o.ETag == "" {
		o = st.object(o.URL)
	}
	if !st.is(o.ETag) {
		return nil, Object{}, changed("open", o.URL, nil)
	}
	f, err := s.system.open(path)
	if err != nil {
		return nil, Object{}, folderError("open", o.URL, err)
	}
	return &fileReader{ctx: ctx, system: s.system, file: f, path: path, object: o}, o, nil
}

// fileReader reads a file and, at its end, makes sure that it was the listed
// one throughout.
type fileReader struct {
	ctx    context.Context
	system system
	file   file
	path   string
	object Object
	read   int64
	end    bool // was reached, and found to be the listed one's
}

func (r *fileReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, &Error{Op: "read", URL: r.object.URL, Err: err}
	}
	if r.end {
		return 0, io.EOF
	}
	n, err := r.file.Read(p)
	r.read += int64(n)
	switch {
	case r.read > r.object.Size:
		return n, changed("read", r.object.URL, nil)
	// more would have come along
	case err == io.EOF, err == nil && n < len(p) && r.read == r.object.Size:
		if err := r.verify(); err != nil {
			return n, err
		}
		r.end = true
		return n, io.EOF
	case err != nil:
		return n, folderError("read", r.object.URL, err)
	}
	return n, nil
}

// verify compares the open file and the one that now has its name (a rename
// leaves the open one untouched) with the listing.
func (r *fileReader) verify() error {
	opened, err := r.file.status()
	if err != nil {
		return folderError("read", r.object.URL, err)
	}
	named, err := r.system.stat(r.path)
	if err != nil {
		return changed("read", r.object.URL, err)
	}
	if r.read != r.object.Size || !opened.is(r.object.ETag) || !named.is(r.object.ETag) || !opened.same(named) {
		return changed("read", r.object.URL, nil)
	}
	return nil
}

func (r *fileReader) Close() error { return r.file.Close() }
