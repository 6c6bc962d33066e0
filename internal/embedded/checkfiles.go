package embedded

import "strings"

// CheckVariables are the variables that the files of CheckFiles use, with values that say what the
// settings of the embedded project say by default.
func CheckVariables() map[string]string {
	return map[string]string{"matched_share_warn_below": "0.1", "max_age_hours": "0"}
}

// checkArguments are what the parameters of the embedded checks are as variables of a project.
var checkArguments = map[string]string{"threshold": "matched_share_warn_below"}

// CheckFiles returns the embedded project's checks, beyond those that follow from its models, as
// the files of a project: by name, NAME.sql.
func CheckFiles() map[string][]byte {
	texts := queryTexts("checks.sql")
	out := map[string][]byte{}
	for _, check := range Checks() {
		name, _, _ := strings.Cut(check.Query.SQL(), "\n")
		text := argument.ReplaceAllStringFunc(texts[name], func(call string) string {
			return ":'" + checkArguments[argument.FindStringSubmatch(call)[1]] + "'"
		})
		if check.Name == "freshness" {
			text = freshness
		}
		// The description is the comment at the top.
		at := 0
		for strings.HasPrefix(text[at:], "--") {
			at += strings.IndexByte(text[at:], '\n') + 1
		}
		header := text[:at] + "-- severity: " + string(check.Severity) + "\n"
		if check.Name == "songplays-complete" {
			header += "-- gate: no\n" // it reads two large tables whole
		}
		out[check.Name+".sql"] = []byte(header + text[at:])
	}
	return out
}

// freshness is the check of that name, which takes the moment from the server: no variable is one.
const freshness = `-- The newest songplay is not older than max_age_hours, under variables: in dwh.yaml. 0 turns the
-- check off.
SELECT newest.played_at
FROM (SELECT MAX(play.played_at) AS played_at FROM f_songplay AS play) AS newest
WHERE CAST(:'max_age_hours' AS INTEGER) > 0
    AND newest.played_at < /*postgres*/ CAST(NOW() AT TIME ZONE 'UTC' AS TIMESTAMP) /*redshift GETDATE() */
        - CAST(:'max_age_hours' AS INTEGER) * INTERVAL '1 hour';
`
