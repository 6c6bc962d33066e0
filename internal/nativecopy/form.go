package nativecopy

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// nameForms looks at the first bytes of the objects of which nothing was loaded and something was
// refused. Redshift says of a compressed object, or of one in UTF-16, only that it is no JSON. Such
// an object becomes one reject of line 0 that says what it is, and counts as unreadable, so that it
// is loaded once the COPY or the object is mended.
func (c *Copier) nameForms(ctx context.Context, statement *copystmt.Statement, result *clientcopy.Result) error {
	read := 0
	for i := range result.Objects {
		o := &result.Objects[i]
		if o.Rejects < 1 || o.Rows > 0 || o.Object.Size == 0 || read == rawObjects {
			continue
		}
		read++
		wrong, err := c.form(ctx, statement, o.Object.URL)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			c.Logger.Debug("the format of an object is not known", "url", string(o.Object.URL), "error", err)
			continue
		}
		if wrong == nil {
			continue
		}
		o.Err, o.Rejects, o.Rows = wrong, 1, 0
		at := slices.IndexFunc(result.Rejects, func(r clientcopy.RecordError) bool { return r.Object == o.Object.URL })
		result.Rejects = slices.DeleteFunc(
			result.Rejects, func(r clientcopy.RecordError) bool { return r.Object == o.Object.URL },
		)
		result.Rejects = slices.Insert(
			result.Rejects, max(0, at),
			clientcopy.RecordError{Object: o.Object.URL, Reason: wrong.Error()},
		)
	}
	return nil
}

// form returns the *clientcopy.FormatError of an object, or nil.
func (c *Copier) form(ctx context.Context, statement *copystmt.Statement, u objectstore.URL) (wrong, err error) {
	body, err := c.Store.Open(ctx, objectstore.Object{URL: u})
	if err != nil {
		return nil, err
	}
	head := make([]byte, clientcopy.HeadBytes)
	n, err := io.ReadFull(body, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	return clientcopy.CheckObject(statement, head[:n]), nil
}
