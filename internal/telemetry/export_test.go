package telemetry

// Summary is how a statement's span is called.
func Summary(sql string) string { return summary(sql) }

// Clean is an error's text as spans have it.
func Clean(text string) string { return clean(text) }
