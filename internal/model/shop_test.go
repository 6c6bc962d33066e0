package model_test

import (
	"math/rand/v2"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// shopRows make rows of the shop's staging tables, from few values, so that they meet.
func shopRows() []rowMaker {
	text := func(values ...string) func(r *rand.Rand) string {
		return func(r *rand.Rand) string {
			if r.IntN(10) == 0 {
				return oneOf(r, "NULL", "''", "'  '")
			}
			blanks := ""
			if r.IntN(8) == 0 {
				blanks = "  "
			}
			return "'" + oneOf(r, values...) + blanks + "'"
		}
	}
	name, segment, city, reason := text("Ann", "Bob", "a", "B"), text("x", "y"), text("Ulm", "Köln",
		"ulm"), text("broken", "late")
	title, country := text("big", "small", "Big"), text("DE", "FR", "US", "XX")
	return []rowMaker{
		{"s_customer", []string{"customer_no", "name", "segment", "updated"}, func(r *rand.Rand) []string {
			return []string{number(r, 4), name(r), segment(r), number(r, 3)}
		}, []string{"customer_no", "name"}},
		{"s_segment", []string{"segment", "title"}, func(r *rand.Rand) []string {
			return []string{segment(r),
				title(r)}
		}, []string{"title"}},
		{"s_product", []string{"product_no", "name"}, func(r *rand.Rand) []string {
			return []string{number(r, 4),
				name(r)}
		}, []string{"product_no"}},
		{"s_price", []string{"product_no", "valid_from", "price"}, func(r *rand.Rand) []string {
			return []string{number(r, 4), number(r, 6), number(r, 9)}
		}, []string{"valid_from"}},
		{"s_address", []string{"address_no", "city", "country"}, func(r *rand.Rand) []string {
			return []string{number(r, 3), city(r), country(r)}
		}, []string{"address_no", "city"}},
		{"s_order_line", []string{"order_no", "line", "customer_no", "product_no", "day", "quantity", "bill_to",
			"ship_to"}, func(r *rand.Rand) []string {
			return []string{number(r, 6), number(r, 3), number(r, 5), number(r, 5), number(r, 7), number(r, 4),
				number(r, 3), number(r, 3)}
		}, []string{"order_no", "customer_no"}},
		{"s_return", []string{"order_no", "line", "reason", "quantity"}, func(r *rand.Rand) []string {
			return []string{number(r, 6), number(r, 3), reason(r), number(r, 4)}
		}, []string{"order_no"}},
		{"s_reason", []string{"reason", "fault"}, func(r *rand.Rand) []string {
			return []string{reason(r),
				oneOf(r, "0", "1", "NULL")}
		}, []string{"fault"}},
	}
}

// TestShopFuzz delivers random rows to the shop and compares each increment with a build.
func TestShopFuzz(t *testing.T) {
	t.Parallel()
	s := newStore(t, readProject(t, "shop"))
	for seed := range uint64(dwhtest.Rounds(t, 4)) {
		f := &fuzz{store: s, r: rand.New(rand.NewPCG(seed, 1)), makers: shopRows()}
		f.round(8)
	}
}
