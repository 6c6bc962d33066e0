package clientcopy

import (
	"context"
	"io"

	"github.com/sparkify/dwh/internal/copystmt"
	"github.com/sparkify/dwh/internal/objectstore"
)

// Decoder is a statement's decoder without the pipeline around it.
type Decoder struct {
	decoder
	win window
	out output
	// Tuples, Rows and Rejects are what Decode made of the last object.
	Tuples  []byte
	Rows    int64
	Rejects []RecordError
	First   FirstLine
}

// NewDecoder compiles stmt for columns; window is the size of the buffer that slides over the
// input, bytes, 16 at least.
func NewDecoder(stmt *copystmt.Statement, columns []Column, window int) (*Decoder, error) {
	if err := Check(stmt); err != nil {
		return nil, err
	}
	p, err := newPlan(context.Background(), objectstore.New(objectstore.Options{}), stmt, columns)
	if err != nil {
		return nil, err
	}
	d := &Decoder{}
	d.win.buf = make([]byte, window)
	if p.json != nil {
		d.decoder = newJSONDecoder(p)
	} else {
		d.decoder = newTextDecoder(p)
	}
	d.out = output{limit: blockSize, rawMax: 64 << 10}
	d.out.full = func() error { d.Tuples = append(d.Tuples, d.out.buf...); d.out.buf = d.out.buf[:0]; return nil }
	d.out.reject = func(r RecordError) error { d.Rejects = append(d.Rejects, r); return nil }
	return d, nil
}

// Discard makes Decode forget tuples, as the pipeline does once they are sent.
func (d *Decoder) Discard() {
	d.out.full = func() error { d.out.buf = d.out.buf[:0]; return nil }
}

// Decode reads one object.
func (d *Decoder) Decode(r io.Reader) error {
	d.Tuples, d.Rejects, d.out.rows, d.out.buf, d.out.first = d.Tuples[:0], nil, 0, d.out.buf[:0], FirstLineFits
	d.win.reset(r)
	err := d.decode(&d.win, &d.out)
	d.Rows, d.First = d.out.rows, d.out.first
	return err2(err, d.out.full())
}

func err2(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// ParseNumeric gives the binary form of a NUMERIC, without its length.
func ParseNumeric(text string, precision, scale int, round bool) ([]byte, error) {
	return appendNumeric(nil, []byte(text), precision, scale, round)
}

// Moment is what DATEFORMAT or TIMEFORMAT 'auto' makes of a text: days from 2000-01-01, and
// microseconds from there without and with its time zone. ok is false for a text that is refused.
func Moment(text string) (days int32, micros, microsTZ int64, ok bool) {
	l := layout{mode: auto}
	var m moment
	if l.parse([]byte(text), &m, typeTimestamptz) != nil {
		return 0, 0, 0, false
	}
	return m.days(), m.micros(false), m.micros(true), true
}
