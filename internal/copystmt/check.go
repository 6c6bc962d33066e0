package copystmt

import (
	"fmt"
	"strings"
)

// defaults fills in what an option that is not named means.
func (p *parser) defaults() {
	s := p.statement
	switch s.Format {
	case CSV:
		if s.Quote == 0 {
			s.Quote = '"'
		}
		if s.Delimiter == "" {
			s.Delimiter = ","
		}
	case Delimited:
		if s.Delimiter == "" {
			s.Delimiter = "|"
		}
	}
}

// conflict is a pair of options that COPY refuses together.
type conflict struct{ option, with, page string }

const (
	pageFormat     = "copy-parameters-data-format"
	pageConversion = "copy-parameters-data-conversion"
	pageLoad       = "copy-parameters-data-load"
	pageS3         = "copy-parameters-data-source-s3"
	pageStrings    = "r_DATEFORMAT_and_TIMEFORMAT_strings"
)

// conflicts lists the pairs with the page of the guide that names them.
func conflicts() []conflict {
	list := []conflict{
		{"MAXERROR", "IGNOREALLERRORS", pageLoad},
		{"IGNOREALLERRORS", "PARQUET", pageLoad},
		{"IGNOREALLERRORS", "ORC", pageLoad},
		{"DELIMITER", "FIXEDWIDTH", pageFormat},
		{"ESCAPE", "FIXEDWIDTH", pageConversion},
		{"MASTER_SYMMETRIC_KEY", "CREDENTIALS", pageS3},
	}
	for _, option := range []string{
		"DELIMITER", "ESCAPE", "FILLRECORD", "IGNOREBLANKLINES", "NULL AS", "READRATIO",
		"REMOVEQUOTES",
	} {
		list = append(list, conflict{option, "JSON", pageFormat})
	}
	for _, option := range []string{"REMOVEQUOTES", "ESCAPE"} {
		list = append(list, conflict{option, "CSV", pageFormat})
	}
	return list
}

// check refuses what the options do not allow together.
func (p *parser) check() error {
	s := p.statement
	for _, c := range conflicts() {
		if s.Has(c.option) && s.Has(c.with) {
			return s.ErrorAt(c.option, fmt.Sprintf("%s cannot be used with %s", c.option, c.with),
				fmt.Sprintf("remove one of the two (Redshift's guide, dg/%s)", c.page), nil)
		}
	}
	if s.Has("QUOTE") && s.Format != CSV {
		return s.ErrorAt("QUOTE", "QUOTE can be used with CSV only", "write FORMAT AS CSV QUOTE AS '…'", nil)
	}
	for _, option := range []struct{ name, format string }{{"DATEFORMAT", s.DateFormat}, {"TIMEFORMAT", s.TimeFormat}} {
		for _, zone := range []string{"OF", "of", "TZ", "tz"} {
			if strings.Contains(option.format, zone) {
				return s.ErrorAt(option.name,
					fmt.Sprintf(
						"%s '%s' holds the time zone %s, which COPY does not accept", option.name,
						option.format, zone,
					),
					fmt.Sprintf(
						"write %s 'auto' to load values with a time zone (Redshift's guide, dg/%s)",
						option.name, pageStrings,
					),
					nil)
			}
		}
	}
	if s.Auth.Kind == AccessKey {
		switch {
		case s.Auth.key == "" && s.Has("SECRET_ACCESS_KEY"):
			return s.ErrorAt(
				"SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY without ACCESS_KEY_ID",
				"give both, or better IAM_ROLE", nil,
			)
		case s.Auth.key == "":
			return s.ErrorAt(
				"SESSION_TOKEN", "SESSION_TOKEN without ACCESS_KEY_ID and SECRET_ACCESS_KEY",
				"give all three, or better IAM_ROLE", nil,
			)
		case s.Auth.secret == "":
			return s.ErrorAt(
				"ACCESS_KEY_ID", "ACCESS_KEY_ID without SECRET_ACCESS_KEY",
				"give both, or better IAM_ROLE", nil,
			)
		}
	}
	if s.masterKey != nil && !s.Encrypted {
		return s.ErrorAt(
			"MASTER_SYMMETRIC_KEY", "MASTER_SYMMETRIC_KEY without ENCRYPTED",
			"add ENCRYPTED, or remove the key", nil,
		)
	}
	if s.SerializeToJSON && s.Format != Parquet && s.Format != ORC {
		return s.ErrorAt("SERIALIZETOJSON", "SERIALIZETOJSON can be used with PARQUET and ORC only", "remove it", nil)
	}
	for _, option := range []string{"SSH", "READRATIO"} {
		if s.Has(option) && strings.HasPrefix(s.From, "s3://") {
			return s.ErrorAt(option, option+" cannot be used with a source in S3",
				"remove it (Redshift's guide, dg/"+pageS3+")", nil)
		}
	}
	return nil
}

// CheckColumns refuses a load without a column list, or one whose list names flag, the column of
// the staging table that dwh sets: data would decide which rows the models read.
func (s *Statement) CheckColumns(flag string) error {
	if len(s.Columns) == 0 {
		return s.ErrorAt("TABLE", "COPY has no column list",
			fmt.Sprintf("write COPY %s (column, …), without the column %s, which dwh sets", s.Table, flag), nil)
	}
	for i, name := range s.Columns {
		if strings.EqualFold(name, flag) { // Redshift folds quoted names too
			return s.ErrorAtColumn(i, fmt.Sprintf("COPY may not load the column %s, which dwh sets", name),
				"leave it out of the column list; give a column of the data another name", nil)
		}
	}
	return nil
}
