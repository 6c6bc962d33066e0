package sample

import "math/bits"

// random is splitmix64: the same numbers on every system and with every Go
// release. Everything drawn from it is an integer, because a compiler may fuse
// floating-point operations on one processor and not on another.
type random struct{ state uint64 }

// What a stream of random numbers is for. Each thing made has its own stream,
// so that its content does not depend on who makes it, or when.
const (
	streamArtist = iota + 1
	streamSong
	streamSongFile
	streamUser
	streamDay
	streamSession
	streamStranger
	streamNames
)

// newRandom is the stream of one thing: its kind and up to two numbers.
func newRandom(seed, kind, a, b uint64) random {
	state := seed
	for _, part := range []uint64{kind, a, b} {
		state = mix(state+0x9e3779b97f4a7c15) ^ part*0xd1342543de82ef95
	}
	return random{mix(state)}
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) uint64() uint64 {
	r.state += 0x9e3779b97f4a7c15
	return mix(r.state)
}

// below is uniform in [0, n); n is at least 1.
func (r *random) below(n int) int {
	high, _ := bits.Mul64(r.uint64(), uint64(n))
	return int(high)
}

// chance is true in n of 1000 cases.
func (r *random) chance(n int) bool { return r.below(1000) < n }

// popular is in [0, n) with a long tail: the lower, the likelier.
func (r *random) popular(n int) int {
	// One of the first n, n/2, n/4 ... things, each range equally likely, gives
	// about 1/rank. Half of the ranges are left out, lest the first take it all.
	octaves := bits.Len(uint(n))/2 + 1
	within := max(n>>r.below(octaves), 1)
	return min(r.below(within), r.below(within))
}

// pick draws from weights by their cumulated sums.
func (r *random) pick(cumulated []int) int {
	x := r.below(cumulated[len(cumulated)-1])
	for i, limit := range cumulated {
		if x < limit {
			return i
		}
	}
	return len(cumulated) - 1
}

func cumulate(weights []int) []int {
	sums := make([]int, len(weights))
	total := 0
	for i, weight := range weights {
		total += weight
		sums[i] = total
	}
	return sums
}

func one[T any](r *random, list []T) T { return list[r.below(len(list))] }
