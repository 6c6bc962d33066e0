package compact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/sparkify/dwh/internal/clientcopy"
	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/nativecopy"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Bounds, bytes.
const (
	smallObject = 4 << 20  // larger ones are not packed: COPY likes them as they are
	packInput   = 32 << 20 // of listed sizes in one pack
	windowInput = 16 << 20 // of listed sizes read ahead of the writing
)

// Bounds, objects.
const (
	packObjects   = 5000
	windowObjects = 64
)

// folder is where packs lie under the work prefix.
const folder = "packs"

// part is an original in a pack.
type part struct {
	URL     objectstore.URL `json:"url"`
	Line    int64           `json:"line"` // of the pack at which it begins, from 1
	Lines   int64           `json:"lines"`
	Records int64           `json:"records"`
}

// pack is a gzipped object of JSON records, one original after another as they are.
type pack struct {
	Object objectstore.Object `json:"object"`
	Parts  []part             `json:"parts"`
	Index  objectstore.URL    `json:"-"`
	// Apart is what could not be packed of the objects that the pack is named by.
	Apart []objectstore.Object `json:"apart"`

	bad []clientcopy.ObjectResult
}

// batch is what packing made of a load's objects.
type batch struct {
	packs []pack
	apart []objectstore.Object
	bad   []clientcopy.ObjectResult
}

func (b batch) objects() []objectstore.Object {
	out := make([]objectstore.Object, len(b.packs))
	for i, p := range b.packs {
		out[i] = p.Object
	}
	return out
}

func (b batch) packed() int {
	n := 0
	for _, p := range b.packs {
		n += len(p.Parts)
	}
	return n
}

// original turns a reject's place in a pack into that in the original.
func (b batch) original(r clientcopy.RecordError) clientcopy.RecordError {
	for _, p := range b.packs {
		if p.Object.URL != r.Object || len(p.Parts) == 0 {
			continue
		}
		i := sort.Search(len(p.Parts), func(i int) bool { return p.Parts[i].Line > r.Line })
		of := p.Parts[max(0, i-1)]
		r.Object = of.URL
		r.Line = max(0, r.Line-of.Line+1)
	}
	return r
}

// pack makes the packs of a load, or finds those that an earlier try made.
func (p *Packer) pack(ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object) (batch, error) {
	var made batch
	var group []objectstore.Object
	var size int64
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		item, err := p.one(ctx, statement, group)
		if err != nil {
			return err
		}
		if len(item.Parts) > 0 {
			made.packs = append(made.packs, item)
		}
		made.apart = append(made.apart, item.Apart...)
		made.bad = append(made.bad, item.bad...)
		group, size = nil, 0
		return nil
	}
	for _, o := range objects {
		if o.Size >= smallObject || o.Size == 0 || o.URL.Scheme() != objectstore.SchemeS3 {
			made.apart = append(made.apart, o)
			continue
		}
		group = append(group, o)
		if size += o.Size; size >= packInput || len(group) == packObjects {
			if err := flush(); err != nil {
				return made, err
			}
		}
	}
	return made, flush()
}

// one makes the pack of a group of objects. Its name follows from them, so that the same group
// finds it again.
func (p *Packer) one(ctx context.Context, statement *copystmt.Statement, group []objectstore.Object) (pack, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n", statement.Compression)
	for _, o := range group {
		fmt.Fprintf(sum, "%s\x00%s\x00%d\n", o.URL, o.ETag, o.Size)
	}
	name := fmt.Sprintf("%s/%s-%s", folder, statement.Name, hex.EncodeToString(sum.Sum(nil)[:16]))
	made := pack{Index: nativecopy.Under(p.WorkPrefix, name+".index")}
	if p.resume(ctx, &made) {
		p.Logger.Info(
			"using a pack of an earlier attempt", "url", string(made.Object.URL), "objects",
			len(made.Parts),
		)
		return made, nil
	}
	var body bytes.Buffer
	packed := gzip.NewWriter(&body)
	line := int64(1)
	for rest := group; len(rest) > 0; {
		window := ahead(rest)
		rest = rest[len(window):]
		read, err := p.read(ctx, statement, window)
		if err != nil {
			return made, err
		}
		for i, r := range read {
			switch {
			case r.err != nil:
				made.bad = append(
					made.bad,
					clientcopy.ObjectResult{
						Object: window[i], Rejects: 1, Err: r.err,
						Changed: errors.Is(r.err, objectstore.ErrChanged),
					},
				)
				continue
			case !r.packable:
				made.Apart = append(made.Apart, window[i])
				continue
			}
			item := part{
				URL: window[i].URL, Line: line, Lines: int64(bytes.Count(r.text, []byte("\n"))),
				Records: r.records,
			}
			if _, err := packed.Write(r.text); err != nil {
				return made, err
			}
			line += item.Lines
			made.Parts = append(made.Parts, item)
		}
	}
	if err := packed.Close(); err != nil {
		return made, err
	}
	if len(made.Parts) == 0 {
		return made, nil
	}
	at := nativecopy.Under(p.WorkPrefix, name+".json.gz")
	if err := p.Store.Write(ctx, at, body.Bytes()); err != nil {
		return made, err
	}
	var err error
	if made.Object, err = p.Store.Stat(ctx, at); err != nil {
		return made, err
	}
	if len(made.bad) > 0 {
		return made, nil // what is bad may be well the next time: not to be taken up
	}
	index, err := json.Marshal(made)
	if err != nil {
		return made, err
	}
	return made, p.Store.Write(ctx, made.Index, index)
}

// resume finds a finished pack by its index, which is written last.
func (p *Packer) resume(ctx context.Context, made *pack) bool {
	data, _, err := p.Store.ReadAll(ctx, made.Index, 64<<20)
	if err != nil {
		return false
	}
	found := pack{Index: made.Index}
	if json.Unmarshal(data, &found) != nil || len(found.Parts) == 0 {
		return false
	}
	now, err := p.Store.Stat(ctx, found.Object.URL)
	if err != nil || now.ETag != found.Object.ETag || now.Size != found.Object.Size {
		return false
	}
	*made = found
	return true
}

// ahead is the part of a group that is read at once.
func ahead(group []objectstore.Object) []objectstore.Object {
	var size int64
	for i, o := range group {
		if size += o.Size; i > 0 && size > windowInput || i == windowObjects {
			return group[:i]
		}
	}
	return group
}

// content is an object that was read.
type content struct {
	text     []byte // ends in a newline
	records  int64
	packable bool
	err      error // it cannot be read
}

// read reads objects, several at once. An error is one that no other object will escape.
func (p *Packer) read(
	ctx context.Context, statement *copystmt.Statement, objects []objectstore.Object,
) ([]content, error) {
	out := make([]content, len(objects))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(p.Workers)
	for i, o := range objects {
		group.Go(func() error {
			c, err := p.content(ctx, statement, o)
			if err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if errors.Is(err, objectstore.ErrCredentials) {
					return err
				}
				c = content{err: err}
			}
			out[i] = c
			return nil
		})
	}
	return out, group.Wait()
}

func (p *Packer) content(
	ctx context.Context, statement *copystmt.Statement, o objectstore.Object,
) (c content, err error) {
	body, err := p.Store.Open(ctx, o)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	plain, done, err := clientcopy.Decompress(statement.Compression, body)
	if err != nil {
		return c, err
	}
	defer done()
	// What unfolds to much more than was listed is not held in memory.
	most := max(1<<20, 4*o.Size)
	text, err := io.ReadAll(io.LimitReader(plain, most+1))
	if err != nil {
		return c, err
	}
	// In a pack nobody would tell what the object is.
	if err := clientcopy.CheckText(statement, text); err != nil {
		return c, err
	}
	if int64(len(text)) > most {
		return content{}, nil
	}
	// Only at its end does the store know that this is the object that was listed.
	if _, err := io.Copy(io.Discard, body); err != nil {
		return c, err
	}
	records, ok := count(text)
	if !ok {
		return content{}, nil
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return content{text: text, records: records, packable: true}, nil
}

// count counts the records of a text that is nothing but JSON objects, one after another. Any other
// text could run into what follows it in a pack, or be refused in more pieces than one.
func count(text []byte) (records int64, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	for {
		var record json.RawMessage
		err := decoder.Decode(&record)
		if err == io.EOF {
			return records, true
		}
		if err != nil || record[0] != '{' {
			return 0, false
		}
		records++
	}
}
