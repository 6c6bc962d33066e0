package sample

// Ranked returns the songs of all popularity ranks.
func Ranked(songs, late int) []int {
	c := newCatalogue(1, songs, late)
	ranked := make([]int, len(c.songs))
	for rank := range ranked {
		ranked[rank] = c.ranked(rank)
	}
	return ranked
}
