package catalogue

import (
	"strconv"
	"strings"
)

// Processed is the column of a staging table that says whether the models' tables hold the row.
const Processed Name = "processed"

// CreateSchema makes the scratch schema.
func CreateSchema(schema Name) string { return "CREATE SCHEMA " + schema.SQL() }

// DropSchema drops the scratch schema with all that is in it.
func DropSchema(schema Name) string { return "DROP SCHEMA IF EXISTS " + schema.SQL() + " CASCADE" }

// SetSearchPath makes unqualified names mean what stands in the first of the schemas that has them.
func SetSearchPath(schemas ...Name) string { return "SET search_path TO " + list("", schemas) }

// CreateEmpty makes an empty copy of a table, without its keys: the one row that breaks a key is
// found by the difference and the checks, and is no reason to stop.
func CreateEmpty(copied, of Table) string {
	return "CREATE TABLE " + copied.SQL() + " (LIKE " + of.SQL() + " INCLUDING DEFAULTS)"
}

// CreateUnprocessed makes a view of a staging table in which no row is processed.
func CreateUnprocessed(view, of Table) string {
	return "CREATE VIEW " + view.SQL() + " AS SELECT " + flagged(
		of, "FALSE AS "+Processed.SQL(),
	) + " FROM " + of.SQL() + " AS staged"
}

// CreateArrived makes a view of a staging table that shows the rows of another, none of which is
// processed, as if they stood in it.
func CreateArrived(view, arrived, staged Table) string {
	return CreateUnprocessed(view, arrived) + " UNION ALL SELECT " + list(
		"staged.", staged.Columns,
	) + " FROM " + staged.SQL() + " AS staged"
}

// InsertArrived stages those rows, processed or not.
func InsertArrived(staged, arrived Table, flag bool) string {
	value := "FALSE"
	if flag {
		value = "TRUE"
	}
	return "INSERT INTO " + staged.SQL() + " (" + list(
		"", staged.Columns,
	) + ") SELECT " + flagged(arrived, value) + " FROM " + arrived.SQL() + " AS staged"
}

// flagged lists a staging table's columns, with something else in the place of the flag.
func flagged(of Table, flag string) string {
	var columns strings.Builder
	for i, column := range of.Columns {
		if i > 0 {
			columns.WriteString(", ")
		}
		if column == Processed {
			columns.WriteString(flag)
		} else {
			columns.WriteString("staged." + column.SQL())
		}
	}
	return columns.String()
}

// CreateView makes a view that shows a table's columns as they stand in another.
func CreateView(view, of Table) string {
	return "CREATE VIEW " + view.SQL() + " AS SELECT " + list(
		"shown.", view.Columns,
	) + " FROM " + of.SQL() + " AS shown"
}

// DropView drops views, and the views on them.
func DropView(views ...Table) string {
	names := make([]string, len(views))
	for i, view := range views {
		names[i] = view.SQL()
	}
	return "DROP VIEW " + strings.Join(names, ", ") + " CASCADE"
}

// CountUnprocessed counts the staged rows that the star does not hold yet: one row, with a column
// for each table.
func CountUnprocessed(staged []Table) string {
	counts := make([]string, len(staged))
	for i, table := range staged {
		counts[i] = "(SELECT COUNT(*) FROM " + table.SQL() + " AS staged WHERE NOT staged." + Processed.SQL() + ")"
	}
	return "SELECT " + strings.Join(counts, ", ")
}

// HasProcessed tells whether a staging table has a row that is flagged.
func HasProcessed(staged Table) string {
	return "SELECT EXISTS (SELECT 1 FROM " + staged.SQL() + " AS staged WHERE staged." + Processed.SQL() + ")"
}

// FlagProcessed flags every row that the transaction's snapshot holds.
func FlagProcessed(staged Table) string {
	return "UPDATE " + staged.SQL() + " SET " + Processed.SQL() + " = TRUE WHERE NOT " + Processed.SQL()
}

// CountRows counts a table's rows.
func CountRows(table Table) string { return "SELECT COUNT(*) FROM " + table.SQL() }

// Analyze refreshes the planner's statistics.
func Analyze(table Table) string { return "ANALYZE " + table.SQL() }

// loadedTarget is how large a sample AnalyzeLoaded takes: 300 rows for each unit.
const loadedTarget = "30"

// SmallSample has the ANALYZEs that follow in a transaction take the sample of AnalyzeLoaded.
// AnalyzeLoaded ends it.
const SmallSample = "SET LOCAL default_statistics_target = " + loadedTarget

// AnalyzeLoaded refreshes the planner's statistics after a load, by a third of the usual sample:
// how many rows there are, and about how many values, is what its choices hang on, and the whole
// sample of a wide table costs as much as to load 300,000 rows. Autovacuum takes the whole one in
// its own time. It is sent as it stands, three statements at once.
func AnalyzeLoaded(table Table) string {
	return SmallSample + "; " + Analyze(table) + "; SET LOCAL default_statistics_target = DEFAULT"
}

// InsertValues inserts rows; values is a list such as "(1, 'a'), (2, 'b')" of literals that
// sqlliteral wrote.
func InsertValues(table Name, columns []Name, values string) string {
	return "INSERT INTO " + table.SQL() + " (" + list("", columns) + ") VALUES " + values
}

// HasRows tells whether a table has a row.
func HasRows(table Table) string {
	return "SELECT EXISTS (SELECT 1 FROM " + table.SQL() + ")"
}

// CreateValues makes a table of texts, in the column value.
func CreateValues(table Table) string {
	return "CREATE TABLE " + table.SQL() + " (value VARCHAR(65535))"
}

// InsertValue inserts its parameter into such a table.
func InsertValue(table Table) string {
	return "INSERT INTO " + table.SQL() + " (value) VALUES (CAST($1 AS VARCHAR(65535)))"
}

// SelectWhere reads the first rows of a table, called staged, that a condition holds for, in the
// order of some columns.
func SelectWhere(table Table, columns []Name, where string, order []Name, limit int) string {
	sql := "SELECT " + list("staged.", columns) + " FROM " + table.SQL() + " AS staged WHERE " + where
	if len(order) > 0 {
		sql += " ORDER BY " + list("staged.", order)
	}
	return sql + " LIMIT " + strconv.Itoa(limit)
}

// CountWhere counts the rows of a table, called staged, that a condition holds for.
func CountWhere(table Table, where string) string {
	return "SELECT COUNT(*) FROM " + table.SQL() + " AS staged WHERE " + where
}

// DeleteWhere deletes the rows of a table that a condition holds for.
func DeleteWhere(table Table, where string) string {
	return "DELETE FROM " + table.SQL() + " WHERE " + where
}
