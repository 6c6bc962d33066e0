package sample

import (
	"strconv"
	"strings"
)

// The catalogue: artists and their songs, as song_data holds them. Oddities come
// at fixed places of the sequence, not by chance, so that a sample of a few
// hundred songs shows them all.

type artist struct {
	id, name            string
	alternative         string // a second spelling, carried by some of its songs; empty: none
	numeric             bool   // the name is written as a bare number
	location            string // JSON
	latitude, longitude int    // in 1/100000 degrees
	located             bool
}

type song struct {
	id, title string // title as the file has it, trailing blanks included
	name      string // the artist's name, as this file spells it
	artist    int
	duration  int // in 1/100000 s
	year      int // 0: not known
}

type catalogue struct {
	artists []artist
	songs   []song // the late ones last
	onTime  int    // the number of songs in song_data
	stride  int    // spreads popularity over the songs, see ranked
	ids     int    // different song_ids among the songs in song_data
}

// newCatalogue makes songs for song_data and late ones for the late delivery.
func newCatalogue(seed uint64, songs, late int) *catalogue {
	total := songs + late
	c := &catalogue{onTime: songs, songs: make([]song, 0, total)}
	if total == 0 {
		return c
	}
	c.artists = make([]artist, total*6/10+1)
	names := newPhrases()
	for i := range c.artists {
		c.artists[i] = c.newArtist(seed, i, names)
	}
	titles := map[string]bool{} // by artist name, so that each play means one song
	for i := range total {
		c.songs = append(c.songs, c.newSong(seed, i, names, titles))
	}
	c.stride = songs/2 + songs/8 + 1
	for gcd(c.stride, songs) != 1 {
		c.stride++
	}
	return c
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// ranked is the song of a popularity rank, an index into songs. Every so often a
// rank, one near the top to begin with, is that of a late song; the others are spread
// over the sequence with its oddities.
func (c *catalogue) ranked(rank int) int {
	earlier := 0 // ranks of late songs before this one
	if late := len(c.songs) - c.onTime; late > 0 {
		step := len(c.songs) / late
		first := min(3, step-1)
		earlier = min((rank+step-1-first)/step, late)
		if rank%step == first && rank/step < late {
			return c.onTime + rank/step
		}
	}
	return ((rank-earlier)*c.stride + c.onTime/3) % c.onTime
}

func (c *catalogue) newArtist(seed uint64, i int, p phrases) artist {
	r := newRandom(seed, streamArtist, uint64(i), 0)
	a := artist{
		id:   identifier(seed, "AR", &r, i, idArtist),
		name: p.phrase(&r, 1+r.below(2)) + " " + p.word(&r), location: `""`,
	}
	if r.chance(250) {
		a.name = "The " + a.name + "s"
	}
	switch {
	case i%53 == 7:
		a.name, a.numeric = strconv.Itoa(100+i), true
	case i%41 == 3:
		a.alternative = a.name + " Featuring " + p.word(&r)
	case i%43 == 5:
		a.name = c.artists[i-1].name // two artists, one name
		a.numeric = c.artists[i-1].numeric
	case i%61 == 13:
		a.name = `The "` + a.name + `"`
	case i%67 == 17:
		a.name += ` \ ` + p.word(&r)
	case i%31 == 9:
		a.name += " " + one(&r, p.foreign)
	}
	switch {
	case i%59 == 11:
		a.location = string(
			appendText(
				nil,
				`<a href="http://www.example.com/artists/`+strconv.Itoa(i)+`">official page</a>`,
				spelling{ascii: true},
			),
		)
	case i%71 == 19:
		a.location = "27" // a number where a place should be
	case i%73 == 21:
		a.location = "null"
	case r.chance(550):
		a.location = string(appendText(nil, one(&r, p.homes), spelling{ascii: true}))
	}
	if a.located = r.chance(400); a.located {
		a.latitude, a.longitude = r.below(140*decimalUnit)-60*decimalUnit, r.below(360*decimalUnit)-180*decimalUnit
	}
	return a
}

func (c *catalogue) newSong(seed uint64, i int, p phrases, titles map[string]bool) song {
	r := newRandom(seed, streamSong, uint64(i), 0)
	late := i >= c.onTime
	if i%101 == 50 && !late { // the same song again, with another year
		again := c.songs[i-1-r.below(min(i, 40))]
		again.year = 1951 + (again.year+r.below(50))%60
		return again
	}
	s := song{
		id: identifier(seed, "SO", &r, i, idSong), artist: r.below(len(c.artists)),
		duration: 90*decimalUnit + r.below(300*decimalUnit),
	}
	if i%17 == 0 {
		s.duration += r.below(600 * decimalUnit)
	}
	if r.chance(700) && i%29 != 4 {
		s.year = 1955 + r.below(56)
	}
	a := &c.artists[s.artist]
	s.name = a.name
	if a.alternative != "" && r.chance(500) {
		s.name = a.alternative
	}
	s.title = p.phrase(&r, 1+r.below(4))
	switch {
	case i%73 == 12:
		s.title += ` \m/`
	case i%79 == 14:
		s.title += ` (From "` + p.word(&r) + `")`
	case i%83 == 16:
		s.title += "\tPart " + strconv.Itoa(1+r.below(9))
	case i%37 == 18:
		s.title += " " + one(&r, p.foreign)
	}
	for key, number := s.name+"\x00"+s.title, 2; ; number++ {
		if !titles[key] {
			titles[key] = true
			break
		}
		s.title = strings.TrimSuffix(s.title, " No. "+strconv.Itoa(number-1)) + " No. " + strconv.Itoa(number)
		key = s.name + "\x00" + s.title
	}
	if i%47 == 6 {
		s.title += "  "
	}
	if !late {
		c.ids++
	}
	return s
}

// phrases makes titles and names.
type phrases struct{ words, foreign, connectives, homes []string }

func newPhrases() phrases { return phrases{words(), foreign(), connectives(), homes()} }

func (p phrases) word(r *random) string {
	if r.chance(20) {
		return one(r, p.foreign)
	}
	return one(r, p.words)
}

func (p phrases) phrase(r *random, n int) string {
	s := p.word(r)
	for range n - 1 {
		s += one(r, p.connectives) + p.word(r)
	}
	return s
}

// The kinds of identifier, whose numbers are scrambled differently.
const (
	idArtist = iota + 1
	idSong
	idTrack
)

// identifier is 18 characters long: two letters of the kind, five letters, 11
// hexadecimal digits. The digits are a bijection of the index, so that no two
// are equal.
func identifier(seed uint64, prefix string, r *random, index, kind int) string {
	b := append(make([]byte, 0, 18), prefix...)
	for len(b) < 7 {
		b = append(b, byte('A'+r.below(26)))
	}
	const mask = 1<<44 - 1
	number := (uint64(index)*0x9e3779b97f5 + mix(seed+uint64(kind))) & mask
	number ^= number >> 23
	for shift := 40; shift >= 0; shift -= 4 {
		b = append(b, "0123456789ABCDEF"[number>>shift&15])
	}
	return string(b)
}
