package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sparkify/dwh/internal/selectstmt"
	"github.com/sparkify/dwh/internal/sqlfile"
)

// momentary are functions whose value depends on the moment, the session or on chance.
var momentary = strings.Fields(`
	clock_timestamp current_aws_account current_catalog current_database current_namespace current_query
	current_role current_schema current_schemas current_setting current_time current_timestamp current_user
	current_user_id currval current_date gen_random_bytes gen_random_uuid gen_salt getdate inet_client_addr
	inet_client_port inet_server_addr inet_server_port lastval localtime localtimestamp nextval now
	pg_backend_pid pg_conf_load_time pg_current_snapshot pg_current_wal_flush_lsn pg_current_wal_insert_lsn
	pg_current_wal_lsn pg_current_xact_id pg_current_xact_id_if_assigned pg_database_size pg_is_in_recovery
	pg_last_copy_count pg_last_copy_id pg_last_query_id pg_last_wal_receive_lsn pg_last_wal_replay_lsn
	pg_last_xact_replay_timestamp pg_my_temp_schema pg_postmaster_start_time pg_relation_size pg_table_size
	pg_total_relation_size pg_trigger_depth random random_normal session_user set_config setseed setval
	slice_num statement_timestamp sysdate system_user timeofday transaction_timestamp txid_current
	txid_current_if_assigned txid_current_snapshot user uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4
	uuidv4 uuidv7 version`)

// checkMoments refuses functions whose value depends on the moment.
func (g *Graph) checkMoments(m *Model) error {
	var err error
	m.query.Walk(func(q *selectstmt.Query) {
		for _, e := range q.Exprs() {
			for _, call := range e.Calls {
				// AGE of one argument counts from today.
				moment := slices.Contains(momentary, call.Name) || call.Name == "age" && len(call.Args) == 1
				if err == nil && moment {
					err = m.statement.ErrorAt(call.Start, fmt.Sprintf(
						"the value of %s changes with time or session", strings.ToUpper(call.Name),
					),
						"a replay would give different rows: take the time from the staged rows, or compute "+
							"the value in a report", nil)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	return g.checkMomentaryTexts(m)
}

// momentaryTexts are texts that a cast to a date or a time reads as the moment
// (https://www.postgresql.org/docs/current/datatype-datetime.html, table 8.13).
var momentaryTexts = strings.Fields("'now' 'today' 'tomorrow' 'yesterday'")

// momentTypes are the types of dates and times, by their first word.
var momentTypes = strings.Fields("timestamp timestamptz date time timetz")

// checkMomentaryTexts refuses such texts where it can be told that they become a date or a time: by
// a type beside them (TIMESTAMP 'now', CAST('today' AS DATE), 'now'::VARCHAR::TIME), by a column
// beside them (day = 'today', COALESCE(day, 'now')), and by the column of the table.
func (g *Graph) checkMomentaryTexts(m *Model) error {
	refuse := func(t sqlfile.Token) error {
		return m.statement.ErrorAt(t.Start, fmt.Sprintf("the value of %s changes with time", t.Text),
			"a replay would give different rows: take the time from the staged rows", nil)
	}
	tokens := tokensOf(m.statement)
	columns := g.momentColumns(m)
	var open []string // the words before the parentheses around a token
	for i, t := range tokens {
		switch {
		case t.Text == "(" && i > 0:
			open = append(open, strings.ToLower(tokens[i-1].Text))
		case t.Text == "(":
			open = append(open, "")
		case t.Text == ")" && len(open) > 0:
			open = open[:len(open)-1]
		case !isMomentaryText(t):
		case i > 0 && isMomentType(tokens[i-1]), castToMoment(tokens[i+1:], open),
			besideMoment(tokens, i, open, columns):
			return refuse(t)
		}
	}
	for i, name := range m.Columns {
		column, _ := m.table.Column(name)
		base, _, _ := strings.Cut(column.Type, " ")
		for _, branch := range m.query.Branches {
			if !slices.Contains(momentTypes, base) || i >= len(branch.Items) {
				continue
			}
			e := branch.Items[i].Expr
			if own := sqlfile.Tokens(e.Text()); len(own) == 1 && isMomentaryText(own[0]) {
				own[0].Start = e.Start
				return refuse(own[0])
			}
		}
	}
	return nil
}

func isMomentaryText(t sqlfile.Token) bool {
	text := strings.ToLower(strings.ReplaceAll(t.Text, " ", ""))
	return t.Kind == sqlfile.KindString && slices.Contains(momentaryTexts, text)
}

func isMomentType(t sqlfile.Token) bool { return slices.ContainsFunc(momentTypes, t.Is) }

// textTypes are the words of types through which a text goes unchanged.
var textTypes = strings.Fields("varchar text char character varying bpchar nvarchar")

// castToMoment tells whether what stands behind a text casts it to a date or a time, perhaps
// through types of texts. open are the words before the parentheses around the text.
func castToMoment(behind []sqlfile.Token, open []string) bool {
	for i, t := range behind {
		switch {
		case t.Text == "(":
			open = append(slices.Clone(open), "") // of VARCHAR(20)
		case t.Text == ")" && len(open) > 0:
			open = open[:len(open)-1]
		case t.Text == "::":
		case t.Is("as") && len(open) > 0 && open[len(open)-1] == "cast":
		case t.Kind == sqlfile.KindNumber, slices.ContainsFunc(textTypes, t.Is):
		default:
			return i > 0 && isMomentType(t) && (behind[i-1].Text == "::" || behind[i-1].Is("as"))
		}
	}
	return false
}

// momentColumns are the ends and the starts of the names of columns that are dates or times.
func (g *Graph) momentColumns(m *Model) map[int]bool {
	out := map[int]bool{}
	g.walkQueries(m, func(s scope, q *selectstmt.Query) {
		for _, branch := range q.Branches {
			for _, e := range branch.Exprs() {
				for _, ref := range e.Columns {
					item, ok := s.item(branch, ref)
					if !ok || item.CTE || item.Relation == "" {
						continue
					}
					column, _ := g.plain(item.Relation, ref.Column, 0)
					base, _, _ := strings.Cut(column.Type, " ")
					if slices.Contains(momentTypes, base) {
						out[ref.Start], out[ref.End] = true, true
					}
				}
			}
		}
	})
	return out
}

// sameType are functions whose arguments have one type.
var sameType = strings.Fields("coalesce greatest ifnull in least nullif nvl")

// besideMoment tells whether a text takes the type of a column that is a date or a time: it is
// compared with it, or both are arguments of COALESCE, or results of CASE.
func besideMoment(tokens []sqlfile.Token, at int, open []string, columns map[int]bool) bool {
	listed := len(open) > 0 && slices.Contains(sameType, open[len(open)-1])
	between := func(t sqlfile.Token) bool {
		switch t.Text {
		case "=", "<>", "!=", "<", "<=", ">", ">=":
			return true
		case ",":
			return listed
		}
		return false
	}
	if at+2 < len(tokens) && between(tokens[at+1]) && columns[tokens[at+2].Start] {
		return true
	}
	for i := at - 1; i >= 0; i-- {
		t := tokens[i]
		inList := t.Text == "(" && listed && open[len(open)-1] == "in"
		if t.Is("and") && i > 1 && tokens[i-2].Is("between") {
			i -= 2
			continue
		}
		word := slices.ContainsFunc([]string{"between", "else", "in", "not"}, t.Is)
		if !between(t) && !word && !inList && !isMomentaryText(t) {
			return i < at-1 && columns[t.End]
		}
	}
	return false
}
