package model_test

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/sparkify/dwh/internal/dwhtest"
	"github.com/sparkify/dwh/internal/dwhtest/shop"
)

// TestShopIsAFunctionOfItsRows delivers rows to the shop in any order, split, with repeats and
// erasures, and compares each increment with a build and with a computation in plain Go.
func TestShopIsAFunctionOfItsRows(t *testing.T) {
	t.Parallel()
	setRounds(t, 5)
	shared := newStore(t, readProject(t, "shop"))
	rapid.Check(t, func(r *rapid.T) {
		s := shared.with(r)
		s.empty()
		s.first()
		var history []string
		delivered := map[string][][]string{}
		objects := 0
		for range rapid.IntRange(1, 5).Draw(r, "runs") {
			for range rapid.IntRange(0, 4).Draw(r, "deliveries") {
				table := rapid.SampledFrom(shopTables).Draw(r, "table")
				objects++
				var values []string
				for _, row := range deliveries(r, table, delivered) {
					values = append(values, fmt.Sprintf("(%s, 'o%d')", strings.Join(row, ", "), objects))
				}
				sql := fmt.Sprintf("INSERT INTO %s (%s, object) VALUES %s", table.name,
					strings.Join(table.columns, ", "), strings.Join(values, ", "))
				s.exec(sql)
				history = append(history, sql)
			}
			var erase []erasure
			if objects > 0 && rapid.IntRange(0, 2).Draw(r, "erase") == 0 {
				// An object holds rows of one table only.
				object := fmt.Sprintf("o%d", rapid.IntRange(1, objects).Draw(r, "object"))
				for _, table := range shopTables {
					erase = append(erase, erasure{table.name, "object", object})
				}
			}
			if rapid.IntRange(0, 3).Draw(r, "erase a customer") == 0 {
				no := strconv.Itoa(rapid.IntRange(1, 4).Draw(r, "customer"))
				erase = append(erase, erasure{"s_customer", "customer_no", no},
					erasure{"s_order_line", "customer_no", no})
			}
			history = append(history, fmt.Sprintf("-- increment, erasing %v", erase))
			if _, err := s.increment(erase...); err != nil {
				r.Fatalf("increment: %v\nafter\n%s", err, strings.Join(history, ";\n"))
			}
			s.large = rapid.SampledFrom([]int64{1, 100_000}).Draw(r, "large")
			s.same(history)
			s.equal(s.live(), shop.Build(stagedShop(s)), history)
		}
	})
}

// A shopTable is a staging table with what its columns may hold.
type shopTable struct {
	name    string
	columns []string
	kinds   []string
}

var shopTables = []shopTable{
	{"s_customer", []string{"customer_no", "name", "segment", "updated"}, []string{"4", "name", "segment", "3"}},
	{"s_segment", []string{"segment", "title"}, []string{"segment", "title"}},
	{"s_product", []string{"product_no", "name"}, []string{"4", "name"}},
	{"s_price", []string{"product_no", "valid_from", "price"}, []string{"4", "6", "9"}},
	{"s_address", []string{"address_no", "city", "country"}, []string{"3", "city", "country"}},
	{"s_order_line", []string{"order_no", "line", "customer_no", "product_no", "day", "quantity", "bill_to",
		"ship_to"}, []string{"6", "3", "5", "5", "7", "4", "3", "3"}},
	{"s_return", []string{"order_no", "line", "reason", "quantity"}, []string{"6", "3", "reason", "4"}},
	{"s_reason", []string{"reason", "fault"}, []string{"reason", "1"}},
}

var shopTexts = map[string][]string{
	"name": {"Ann", "Bob", "a", "B"}, "segment": {"x", "y"}, "title": {"big", "small", "Big"}, "city": {"Ulm",
		"Köln", "ulm"},
	"country": {"DE", "FR", "US", "XX"}, "reason": {"broken", "late"},
}

// deliveries draws rows of a table: new ones, and repeats.
func deliveries(r *rapid.T, table shopTable, delivered map[string][][]string) [][]string {
	var out [][]string
	for range rapid.IntRange(1, 4).Draw(r, "rows") {
		if known := delivered[table.name]; len(known) > 0 && rapid.IntRange(0, 3).Draw(r, "repeat") == 0 {
			out = append(out, rapid.SampledFrom(known).Draw(r, "repeated"))
			continue
		}
		row := make([]string, len(table.kinds))
		for i, kind := range table.kinds {
			most, err := strconv.Atoi(kind)
			switch null := rapid.IntRange(0, 11).Draw(r, "null") == 0; {
			case null:
				row[i] = "NULL"
			case err == nil:
				row[i] = strconv.Itoa(rapid.IntRange(0, most).Draw(r, table.columns[i]))
			default:
				text := rapid.SampledFrom(append([]string{""}, shopTexts[kind]...)).Draw(r, table.columns[i])
				if kind != "country" { // has no room for blanks
					text += rapid.SampledFrom([]string{"", "", "", "  "}).Draw(r, "blanks")
				}
				row[i] = "'" + text + "'"
			}
		}
		out = append(out, row)
		delivered[table.name] = append(delivered[table.name], row)
	}
	return out
}

// stagedShop reads what is staged.
func stagedShop(s *store) shop.Staging {
	s.t.Helper()
	return shop.Staging{
		Customers: scan[shop.Customer](s, "customer_no, name, segment, updated FROM s_customer"),
		Segments:  scan[shop.Segment](s, "segment, title FROM s_segment"),
		Products:  scan[shop.Product](s, "product_no, name FROM s_product"),
		Prices:    scan[shop.Price](s, "product_no, valid_from, price FROM s_price"),
		Addresses: scan[shop.Address](s, "address_no, city, country FROM s_address"),
		Lines: scan[shop.Line](s,
			"order_no, line, customer_no, product_no, day, quantity, bill_to, ship_to FROM s_order_line"),
		Returns: scan[shop.Return](s, "order_no, line, reason, quantity FROM s_return"),
		Reasons: scan[shop.Reason](s, "reason, fault FROM s_reason"),
	}
}

// scan reads rows into structs, column by column.
func scan[T any](s *store, query string) []T {
	s.t.Helper()
	rows, err := s.conn.Query(s.t.Context(), "SELECT "+query)
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return out
}

// setRounds makes rapid.Check repeat as often as DWH_TEST_ROUNDS says.
func setRounds(t *testing.T, def int) {
	t.Helper()
	roundsOnce.Do(func() {
		if err := flag.Set("rapid.checks", strconv.Itoa(dwhtest.Rounds(t, def))); err != nil {
			t.Fatal(err)
		}
	})
}

var roundsOnce sync.Once
