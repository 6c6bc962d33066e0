package nativecopy

import (
	"context"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Explain is what an error of the server becomes.
func (c *Copier) Explain(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object, err error,
) error {
	return c.explain(ctx, statement, objects, marks{}, err)
}

// Texts fills in the rejects' texts.
func (c *Copier) Texts(ctx context.Context, statement *copystmt.Statement, rejects []clientcopy.RecordError) error {
	return c.complete(ctx, statement, rejects)
}
