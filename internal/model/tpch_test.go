package model_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// tpchRows make rows of TPC-H's tables, from few values, so that they meet.
func tpchRows() []rowMaker {
	day := func(r *rand.Rand) string {
		if r.IntN(15) == 0 {
			return "NULL"
		}
		return fmt.Sprintf("'199%d-0%d-1%d'", 4+r.IntN(2), 1+r.IntN(9), r.IntN(9))
	}
	amount := func(r *rand.Rand, most int) string {
		if r.IntN(15) == 0 {
			return "NULL"
		}
		return fmt.Sprintf("%d.%02d", r.IntN(most), r.IntN(100))
	}
	text := func(r *rand.Rand, values ...string) string {
		if r.IntN(15) == 0 {
			return oneOf(r, "NULL", "''")
		}
		return "'" + oneOf(r, values...) + oneOf(r, "", "", "", " ") + "'"
	}
	return []rowMaker{
		{"region", []string{"r_regionkey", "r_name"}, func(r *rand.Rand) []string {
			return []string{number(r, 2),
				text(r, "EUROPE", "EUROPE", "ASIA")}
		}, nil},
		{"nation", []string{"n_nationkey", "n_name", "n_regionkey"}, func(r *rand.Rand) []string {
			return []string{number(r, 3), text(r, "FRANCE", "FRANCE", "GERMANY", "INDIA"), number(r, 2)}
		}, []string{"n_nationkey"}},
		{"supplier", []string{"s_suppkey", "s_name", "s_nationkey", "s_acctbal", "s_comment"},
			func(r *rand.Rand) []string {
				return []string{number(r, 4), text(r, "S1", "S2"), number(r, 3), amount(r, 9),
					text(r, "good", "Customer Complaints")}
			}, []string{"s_suppkey"}},
		{"customer", []string{"c_custkey", "c_name", "c_nationkey", "c_phone", "c_acctbal", "c_mktsegment"},
			func(r *rand.Rand) []string {
				return []string{number(r, 5), text(r, "C1", "C2"), number(r, 3), text(r, "11-1", "12-9"), amount(r, 9),
					text(r, "BUILDING", "MACHINERY")}
			}, []string{"c_custkey"}},
		{"part", []string{"p_partkey", "p_name", "p_brand", "p_type", "p_size", "p_container"},
			func(r *rand.Rand) []string {
				return []string{number(r, 4), text(r, "forest green", "forest", "forest", "green"),
					text(r, "Brand#1", "Brand#2", "Brand#1"), text(r, "PROMO TIN", "STEEL"), number(r, 3), text(r,
						"SM BOX", "LG BOX")}
			}, []string{"p_partkey"}},
		{"partsupp", []string{"ps_partkey", "ps_suppkey", "ps_availqty", "ps_supplycost"}, func(r *rand.Rand) []string {
			return []string{number(r, 4), number(r, 4), number(r, 90), amount(r, 3)}
		}, []string{"ps_suppkey"}},
		{"orders", []string{"o_orderkey", "o_custkey", "o_orderstatus", "o_totalprice", "o_orderdate",
			"o_orderpriority"}, func(r *rand.Rand) []string {
			return []string{number(r, 4), number(r, 4), oneOf(r, "'F'", "'F'", "'O'"), amount(r, 99), day(r),
				text(r, "1-URGENT", "2-HIGH", "5-LOW")}
		}, []string{"o_custkey", "o_orderkey"}},
		{"lineitem", []string{
			"l_orderkey", "l_linenumber", "l_partkey", "l_suppkey", "l_quantity", "l_extendedprice", "l_discount",
			"l_tax", "l_returnflag", "l_linestatus",
			"l_shipdate", "l_commitdate", "l_receiptdate", "l_shipmode",
		}, func(r *rand.Rand) []string {
			return []string{
				number(r, 4), number(r, 3), number(r, 4), number(r, 4), amount(r, 30), amount(r, 99), oneOf(r,
					"0.05", "0.06", "0.1"), oneOf(r, "0", "0.08"),
				oneOf(r, "'R'", "'N'"), oneOf(r, "'F'", "'O'"), day(r), day(r), day(r), text(r, "MAIL", "SHIP", "AIR"),
			}
		}, []string{"l_orderkey"}},
	}
}

// TestTPCH fuzzes TPC-H's 22 questions as models.
func TestTPCH(t *testing.T) {
	t.Parallel()
	s := newStore(t, readProject(t, "tpch"))
	held := map[string]bool{}
	for seed := range uint64(dwhtest.Rounds(t, 1)) {
		f := &fuzz{store: s, r: rand.New(rand.NewPCG(seed, 3)), makers: tpchRows(), most: 16}
		f.after = func([]string) {
			for name, rows := range f.live() {
				held[name] = held[name] || len(rows) > 0
			}
		}
		f.round(6)
	}
	for _, m := range s.stored() {
		if !held[m.Name] {
			t.Logf("%s never held a row: DWH_TEST_ROUNDS makes more deliveries", m.Name)
		}
	}
}
