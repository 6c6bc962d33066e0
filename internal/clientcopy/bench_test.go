package clientcopy_test

import (
	"bytes"
	"encoding/json"
	"testing"
)

// event is what a program without this package would decode into.
type event struct {
	Artist        *string  `json:"artist"`
	Auth          *string  `json:"auth"`
	FirstName     *string  `json:"firstName"`
	Gender        *string  `json:"gender"`
	ItemInSession *int32   `json:"itemInSession"`
	LastName      *string  `json:"lastName"`
	Length        *float64 `json:"length"`
	Level         *string  `json:"level"`
	Location      *string  `json:"location"`
	Method        *string  `json:"method"`
	Page          *string  `json:"page"`
	Registration  *float64 `json:"registration"`
	SessionID     *int64   `json:"sessionId"`
	Song          *string  `json:"song"`
	Status        *int32   `json:"status"`
	TS            *int64   `json:"ts"`
	UserAgent     *string  `json:"userAgent"`
	UserID        *string  `json:"userId"`
}

// BenchmarkDecodeEvents compares JSON to binary COPY tuples with encoding/json into a struct, which
// has encoded nothing yet.
func BenchmarkDecodeEvents(b *testing.B) {
	const n = 20000
	data := events(n)
	b.Run("tuples", func(b *testing.B) {
		d := eventDecoder(b, 256<<10)
		d.Discard()
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Decode(bytes.NewReader(data)); err != nil || d.Rows != n {
				b.Fatalf("got %d rows and error %v, want %d rows", d.Rows, err, n)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("encoding-json-struct", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			dec := json.NewDecoder(bytes.NewReader(data))
			for range n {
				var e event
				if err := dec.Decode(&e); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
