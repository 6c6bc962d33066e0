package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// aggregates are the aggregate functions of either engine.
var aggregates = strings.Fields(`
	any_value approximate array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count covar_pop covar_samp
	every hll hll_combine hll_create_sketch json_agg json_agg_strict json_arrayagg json_object_agg
	json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict json_objectagg jsonb_agg
	jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict jsonb_object_agg_unique
	jsonb_object_agg_unique_strict listagg max median min mode percentile_cont percentile_disc range_agg
	range_intersect_agg regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy
	regr_syy stddev stddev_pop stddev_samp string_agg sum var_pop var_samp variance xmlagg`)

// isAggregate tells whether a call takes rows together: by its name, or because only an aggregate
// is written so.
func isAggregate(call selectstmt.Call) bool {
	return !call.Over && (slices.Contains(aggregates, call.Name) || call.Distinct || call.Filter || call.Ordered ||
		call.Star)
}

// severalRows says how a model may read several rows of from:.
const severalRows = "compute the model group by group (by), or whole, without from:"

func (m *Model) errAggregate(call selectstmt.Call) error {
	return m.statement.ErrorAt(call.Start,
		fmt.Sprintf("the aggregate %s needs several rows of from:", strings.ToUpper(call.Name)), severalRows, nil)
}

// outsideGroups finds a call with an argument that names a column which GROUP BY does not name.
// Only an aggregate may, whatever its name is.
func outsideGroups(branch *selectstmt.Select) (found selectstmt.Call, ok bool) {
	if branch.GroupBy == nil {
		return found, false
	}
	grouped := groupedColumns(branch)
	outside := func(c selectstmt.ColumnRef) bool {
		return !slices.ContainsFunc(grouped, func(g selectstmt.ColumnRef) bool { return g.Column == c.Column })
	}
	var calls []selectstmt.Call
	for _, item := range branch.Items {
		calls = append(calls, item.Expr.Calls...)
	}
	if branch.Having != nil {
		calls = append(calls, branch.Having.Calls...)
	}
	for _, call := range slices.Backward(calls) { // a call before those in its arguments
		if slices.ContainsFunc(call.Args, func(arg selectstmt.Expr) bool {
			return slices.ContainsFunc(arg.Columns, outside)
		}) {
			return call, true
		}
	}
	return found, false
}

// groupedColumns are the columns that GROUP BY names: as they are, or as an item of the SELECT, by
// its name or its place.
func groupedColumns(branch *selectstmt.Select) []selectstmt.ColumnRef {
	out := slices.Clone(branch.GroupBy.Columns)
	for i, item := range branch.Items {
		named := slices.ContainsFunc(branch.GroupBy.Columns, func(c selectstmt.ColumnRef) bool {
			return c.Table == "" && c.Column == item.Name
		})
		placed := slices.ContainsFunc(sqlfile.Tokens(branch.GroupBy.Text()), func(t sqlfile.Token) bool {
			return t.Text == strconv.Itoa(i+1)
		})
		if named || placed {
			out = append(out, item.Expr.Columns...)
		}
	}
	return out
}
