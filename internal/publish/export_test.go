package publish

// Outdated is size.outdated, for the tests.
func Outdated(rows float64, pages, now, added int64) bool {
	return size{Rows: rows, Pages: pages, Now: now}.outdated(added)
}
