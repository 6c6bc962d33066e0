package clientcopy

import (
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
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
	from io.Reader // what Read reads
}

// Read reads plain bytes, and says in plain words what is wrong with the compressed ones.
func (d *decompressor) Read(p []byte) (int, error) {
	n, err := d.from.Read(p)
	if err != nil && err != io.EOF {
		err = d.fault(err)
	}
	return n, err
}

// fault words an error of a decompressor; one of reading stays as it is.
func (d *decompressor) fault(err error) error {
	var structure bzip2.StructuralError
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &damage{fmt.Sprintf("the %s data are cut off", d.kind), err}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, zstd.ErrMagicMismatch),
		errors.As(err, &structure) && structure == "bad magic value in continuation file":
		return &damage{fmt.Sprintf("bytes that are not %s follow the %s data", d.kind, d.kind), err}
	case errors.Is(err, gzip.ErrChecksum), errors.As(err, &structure), errors.As(err, &corrupt):
		return &damage{fmt.Sprintf("the %s data are damaged: %v", d.kind, err), err}
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return &damage{fmt.Sprintf(
			"the ZSTD data need a window of more than %d MB: compress them with a level up to 19", maxWindow>>20,
		), err}
	case d.kind == copystmt.Zstd:
		return &damage{fmt.Sprintf("the ZSTD data cannot be read: %v", err), err}
	}
	return err
}

// damage is an error of a decompressor in plain words.
type damage struct {
	words string
	err   error
}

func (e *damage) Error() string { return e.words }

// Unwrap returns the decompressor's error.
func (e *damage) Unwrap() error { return e.err }

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
		err = d.gzip.Reset(r)
		d.from = d.gzip
	case copystmt.Bzip2:
		d.from = bzip2.NewReader(r)
	case copystmt.Zstd:
		if d.zstd == nil {
			if d.zstd, err = zstd.NewReader(
				nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
				zstd.WithDecoderMaxWindow(maxWindow),
			); err != nil {
				return nil, err
			}
		}
		err = d.zstd.Reset(r)
		d.from = d.zstd
	default:
		return r, nil
	}
	switch {
	case errors.Is(err, gzip.ErrHeader): // the first two bytes are right
		return nil, &damage{"the header of the GZIP data is damaged", err}
	case err != nil:
		return nil, d.fault(err)
	}
	return d, nil
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
