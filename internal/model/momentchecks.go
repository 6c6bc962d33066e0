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
	clock_timestamp current_catalog current_database current_role current_schema current_schemas current_setting
	current_user session_user user current_date current_time current_timestamp gen_random_uuid getdate localtime
	localtimestamp nextval now random statement_timestamp sysdate timeofday transaction_timestamp txid_current
	uuid_generate_v4 pg_backend_pid inet_client_addr setval`)

// checkMoments refuses functions whose value depends on the moment.
func (m *Model) checkMoments() error {
	var err error
	m.query.Walk(func(q *selectstmt.Query) {
		for _, branch := range q.Branches {
			for _, e := range exprs(branch) {
				for _, call := range e.Calls {
					if err == nil && slices.Contains(momentary, call.Name) {
						err = m.statement.ErrorAt(call.Start, fmt.Sprintf(
							"the value of %s changes with time or session", strings.ToUpper(call.Name),
						),
							"a replay would give different rows: take the time from the staged rows, or compute "+
								"the value in a report", nil)
					}
				}
			}
		}
	})
	if err != nil {
		return err
	}
	return m.checkMomentaryTexts()
}

// momentaryTexts are texts that a cast to a date or a time reads as the moment
// (https://www.postgresql.org/docs/current/datatype-datetime.html, table 8.13).
var momentaryTexts = strings.Fields("'now' 'today' 'tomorrow' 'yesterday'")

// checkMomentaryTexts refuses such texts where a type of dates or times stands beside them:
// TIMESTAMP 'now', CAST('today' AS DATE), 'now'::TIME.
func (m *Model) checkMomentaryTexts() error {
	tokens := tokensOf(m.statement)
	isMoment := func(i int) bool {
		return i >= 0 && i < len(tokens) && slices.ContainsFunc(
			[]string{"timestamp", "timestamptz", "date", "time", "timetz"}, tokens[i].Is,
		)
	}
	for i, t := range tokens {
		text := strings.ToLower(strings.ReplaceAll(t.Text, " ", ""))
		if t.Kind != sqlfile.KindString || !slices.Contains(momentaryTexts, text) {
			continue
		}
		cast := i+1 < len(tokens) && (tokens[i+1].Is("as") || tokens[i+1].Text == "::") && isMoment(i+2)
		if isMoment(i-1) || cast {
			return m.statement.ErrorAt(t.Start, fmt.Sprintf("the value of %s changes with time", t.Text),
				"a replay would give different rows: take the time from the staged rows", nil)
		}
	}
	return nil
}
