package clientcopy

import (
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/sparkify/dwh/internal/copystmt"
)

// maxWindow is the largest window of ZSTD that is taken, bytes: more than any level up to 19 makes,
// and a bound on memory.
const maxWindow = 32 << 20

// decompressor undoes the COPY's compression, the same for every object whatever its suffix
// (copy-parameters-file-compression). A worker keeps one, so that small objects do not pay for its
// tables.
type decompressor struct {
	kind copystmt.Compression
	gzip *gzip.Reader
	zstd *zstd.Decoder
}

// reader returns r's plain bytes. Several members or frames in one object follow one another. An
// object that is not compressed so is a *FormatError.
func (d *decompressor) reader(r io.Reader) (io.Reader, error) {
	if d.kind == copystmt.None {
		return r, nil
	}
	head, r, err := peek(r)
	if err != nil {
		return nil, err
	}
	if err := checkRaw(d.kind, head); err != nil {
		return nil, err
	}
	switch d.kind {
	case copystmt.Gzip:
		if d.gzip == nil {
			d.gzip = new(gzip.Reader)
		}
		if err = d.gzip.Reset(r); err == nil {
			return d.gzip, nil
		}
	case copystmt.Bzip2:
		return bzip2.NewReader(r), nil
	case copystmt.Zstd:
		if d.zstd == nil {
			if d.zstd, err = zstd.NewReader(
				nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(maxWindow),
			); err != nil {
				return nil, err
			}
		}
		if err = d.zstd.Reset(r); err == nil {
			return d.zstd, nil
		}
	default:
		return r, nil
	}
	return nil, fmt.Errorf("decompress %s: %w", d.kind, err)
}

func (d *decompressor) close() {
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// Decompress returns r's plain bytes under a COPY's compression. done frees what reading them took;
// it does not close r. Whether the plain bytes are a text is CheckText's to tell.
func Decompress(kind copystmt.Compression, r io.Reader) (plain io.Reader, done func(), err error) {
	if kind == copystmt.Lzop {
		return nil, nil, fmt.Errorf("decompress %s: not supported", kind)
	}
	d := &decompressor{kind: kind}
	plain, err = d.reader(r)
	if err != nil {
		d.close()
		return nil, nil, err
	}
	return plain, d.close, nil
}

// Text is Decompress by the statement, and the text in UTF-8 whatever the statement's ENCODING.
func Text(stmt *copystmt.Statement, r io.Reader) (text io.Reader, done func(), err error) {
	plain, done, err := Decompress(stmt.Compression, r)
	if err != nil {
		return nil, nil, err
	}
	return decodeText(stmt, plain), done, nil
}
