package clientcopy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sparkify/dwh/internal/clientcopy"
)

// TestFirstLine: an object that begins with the names of its columns is told where no IGNOREHEADER
// passes over them, and one without where it passes over a record.
func TestFirstLine(t *testing.T) {
	t.Parallel()
	columns := []clientcopy.Column{
		{Name: "order_id", Type: "integer"}, {Name: "customer", Type: "character varying", Length: 64},
		{Name: "ordered_on", Type: "date"}, {Name: "price", Type: "numeric", Precision: 8, Scale: 2},
	}
	texts := []clientcopy.Column{
		{Name: "name", Type: "character varying", Length: 64},
		{Name: "sex", Type: "character varying", Length: 1},
	}
	const row = "1,Ada,2026-11-28,2.50\n"
	for _, tt := range []struct {
		options string
		columns []clientcopy.Column
		text    string
		want    clientcopy.FirstLine
	}{
		{"CSV", columns, "order_id,customer,ordered_on,price\n" + row, clientcopy.NamesColumns},
		{"CSV", columns, "\ufeff\"Order ID\" , CUSTOMER,\"Ordered-On\",Price\r\n" + row, clientcopy.NamesColumns},
		{"CSV", columns, "order_id,customer,ordered_on,price", clientcopy.NamesColumns},
		{"CSV", columns, "price,order_id,customer,ordered_on\n" + row, clientcopy.NamesColumns},
		// and too many
		{"CSV", columns, "order_id,customer,ordered_on,price,till,cashier\n" + row, clientcopy.NamesColumns},
		// and too few
		{"CSV", columns, "order_id,customer,ordered_on\n" + row, clientcopy.NamesColumns},
		{"CSV", columns, row, clientcopy.FirstLineFits},
		{"CSV", columns, row + "order_id,customer,ordered_on,price\n", clientcopy.FirstLineFits},
		{"CSV", columns, "1,customer,2026-11-28,price\n", clientcopy.FirstLineFits},
		{"CSV", columns, "", clientcopy.FirstLineFits},
		{"CSV", columns, "order_id,\"customer\n", clientcopy.FirstLineFits},
		{"CSV IGNOREBLANKLINES", columns, "\n\norder_id,customer,ordered_on,price\n" + row, clientcopy.NamesColumns},
		{"DELIMITER '|'", columns, "order_id|customer|ordered_on|price\n", clientcopy.NamesColumns},
		{
			"DELIMITER '\\t' REMOVEQUOTES", columns,
			"\"order id\"\t'customer'\tordered_on\tprice\n", clientcopy.NamesColumns,
		},
		{"CSV", texts, "name,sex\nAda,F\n", clientcopy.NamesColumns}, // loaded like any other row
		{"CSV", texts, "Sex,F\n", clientcopy.FirstLineFits},
		{"CSV", texts[:1], "Name\n", clientcopy.NamesColumns},
		{"CSV IGNOREHEADER 1", columns, "order_id,customer,ordered_on,price\n" + row, clientcopy.FirstLineFits},
		{"CSV IGNOREHEADER 1", columns, "price,order_id,customer,ordered_on\n" + row, clientcopy.OtherOrder},
		{"CSV IGNOREHEADER 1", texts, "Sex,NAME\r\nF,Ada\n", clientcopy.OtherOrder},
		{"CSV IGNOREHEADER 1", texts, "sex,age\nF,Ada\n", clientcopy.FirstLineFits},
		{"CSV IGNOREHEADER 1", columns, "Nummer,Kunde,Tag,Preis\n" + row, clientcopy.FirstLineFits},
		{"CSV IGNOREHEADER 1", columns, row, clientcopy.PassedOver},
		{"CSV IGNOREHEADER 1", columns, strings.TrimSuffix(row, "\n"), clientcopy.PassedOver},
		{"CSV IGNOREHEADER 1", columns, "1,Ada,soon,2.50\n" + row, clientcopy.FirstLineFits},
		{"CSV IGNOREHEADER 1 ACCEPTANYDATE", columns, ",customer,ordered_on,\n" + row, clientcopy.FirstLineFits},
		{"CSV IGNOREHEADER 1", texts, "Ada,F\n", clientcopy.FirstLineFits},
		{
			"CSV IGNOREHEADER 2", columns,
			"orders of the day\norder_id,customer,ordered_on,price\n" + row,
			clientcopy.FirstLineFits,
		},
		{"FORMAT AS JSON 'auto'", columns, "{\"order_id\": 1}\n", clientcopy.FirstLineFits},
	} {
		var names []string
		for _, column := range tt.columns {
			names = append(names, column.Name)
		}
		statement := parse(t, "COPY t ("+strings.Join(names, ", ")+") FROM 'x' "+tt.options)
		for _, window := range []int{16, 64 << 10} {
			d, err := clientcopy.NewDecoder(statement, tt.columns, window)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Decode(strings.NewReader(tt.text)); err != nil {
				t.Fatal(err)
			}
			want := tt.want
			if window == 16 && (want == clientcopy.PassedOver || want == clientcopy.OtherOrder) {
				want = d.First // it may be longer than what is at hand
			}
			if d.First != want {
				t.Errorf("%s, %q: got %d, want %d", tt.options, tt.text, d.First, want)
			}
		}
		first, _, _ := strings.Cut(tt.text, "\n")
		said := clientcopy.LooksLikeNames(statement, first)
		if named := tt.want == clientcopy.NamesColumns; statement.IgnoreHeader == 0 &&
			!strings.Contains(tt.options, "BLANK") &&
			said != named {
			t.Errorf("%s, %q: the text alone: got %t, want %t", tt.options, first, said, named)
		}
	}
}

// TestFirstLineOfEachObject: the result says it of each object, also where the COPY fails because
// of that line.
func TestFirstLineOfEachObject(t *testing.T) {
	f := newFixture(t, "id INTEGER, name VARCHAR(9)")
	f.write("1.csv", "id,name\n1,Ada\n")
	f.write("2.csv", "2,Bob\n")
	objects := f.objects()
	result, err := f.copy("CSV MAXERROR 10", objects, clientcopy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Objects; got[0].First != clientcopy.NamesColumns || got[1].First != clientcopy.FirstLineFits {
		t.Errorf("got %+v, want the first object's line told", got)
	}
	var tooMany *clientcopy.MaxErrorError
	if _, err := f.copy("CSV", objects, clientcopy.Options{}); !errors.As(err, &tooMany) {
		t.Fatalf("got %v, want a *MaxErrorError", err)
	}
	if got := tooMany.Result.Objects; got[0].First != clientcopy.NamesColumns {
		t.Errorf("got %+v, want the first object's line told", got)
	}
	if result, err = f.copy("CSV IGNOREHEADER 1", objects, clientcopy.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := result.Objects; got[0].First != clientcopy.FirstLineFits || got[1].First != clientcopy.PassedOver {
		t.Errorf("got %+v, want the second object's line told", got)
	}
}
