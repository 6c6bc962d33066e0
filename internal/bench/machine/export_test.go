package machine

// Share is the share of busy cores between two first lines of /proc/stat.
func Share(before, after string) (float64, error) {
	a, err := parseTicks(before)
	if err != nil {
		return 0, err
	}
	b, err := parseTicks(after)
	if err != nil {
		return 0, err
	}
	return share(a, b), nil
}
