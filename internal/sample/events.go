package sample

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	firstDay  = 1_541_030_400_000 // 2018-11-01T00:00:00Z, epoch milliseconds
	dayMillis = 86_400_000

	minDays      = 30
	maxDays      = 3650
	eventsPerDay = 10_000 // beyond minDays, the sample grows by days

	// Shares of the plays, in thousandths.
	knownSongs   = 320 // of a song in the catalogue
	knownArtists = 150 // of another song of an artist in the catalogue

	redelivered = 3 // events of one session that come again on another day
)

// counts are what a day's file holds.
type counts struct {
	events, nextSong, songplays, matched, late, repeated, loggedOut int
}

func (c *counts) add(d counts) {
	c.events += d.events
	c.nextSong += d.nextSong
	c.songplays += d.songplays
	c.matched += d.matched
	c.late += d.late
	c.repeated += d.repeated
	c.loggedOut += d.loggedOut
}

// plan is what every day needs to know of the others.
type plan struct {
	seed      uint64
	catalogue *catalogue
	users     []user
	changes   [][]change // by day
	quotas    []int      // events by day
	before    []int      // events of all earlier days, which numbers sessions
	hours     []int      // cumulated weights
	phrases   phrases
	firsts    []string
	lasts     []string
}

func newPlan(seed uint64, c *catalogue, events int) *plan {
	days := min(max(minDays, (events+eventsPerDay-1)/eventsPerDay), maxDays)
	p := &plan{seed: seed, catalogue: c, quotas: make([]int, days), before: make([]int, days), phrases: newPhrases(),
		// Few listen at night, most in the evening.
		hours: cumulate(
			[]int{22, 15, 10, 8, 8, 10, 16, 26, 34, 38, 40, 42, 44, 46, 50, 58, 68, 78, 86, 90, 84, 70, 52, 34},
		)}
	p.firsts, p.lasts = strangers()
	p.users, p.changes = newUsers(seed, max(min(events, 24), events/eventsPerUser), days)
	// Fewer listen at the weekend; 1 November 2018 was a Thursday.
	week := []int{15, 15, 9, 8, 16, 15, 16}
	weights := make([]int, days)
	for day := range weights {
		r := newRandom(seed, streamDay, uint64(day), 0)
		weights[day] = week[day%7]*100 + r.below(week[day%7]*40)
	}
	cumulated := cumulate(weights)
	total, done := cumulated[days-1], 0
	for day := range days {
		until := int(int64(events) * int64(cumulated[day]) / int64(total))
		p.before[day], p.quotas[day] = done, until-done
		done = until
	}
	return p
}

// writeEvents writes one file a day under root.
func (w *writer) writeEvents(ctx context.Context, root string, p *plan) (counts, int, error) {
	if err := w.makeFolder(root); err != nil {
		return counts{}, 0, err
	}
	made := make([]counts, len(p.quotas)) // each written by one goroutine
	files := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(w.workers)
	for day, quota := range p.quotas {
		if quota == 0 {
			continue
		}
		files++
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			date := time.UnixMilli(firstDay + int64(day)*dayMillis).UTC()
			dir := filepath.Join(root, date.Format("2006"), date.Format("01"))
			if err := w.makeFolder(dir); err != nil {
				return err
			}
			var body []byte
			body, made[day] = p.day(day)
			return w.writeFile(filepath.Join(dir, date.Format("2006-01-02")+"-events.json"), body)
		})
	}
	if err := group.Wait(); err != nil {
		return counts{}, 0, err
	}
	var sum counts
	for _, c := range made {
		sum.add(c)
	}
	return sum, files, nil
}

// day is one day's file in the making.
type day struct {
	*plan
	number  int
	start   int64 // epoch milliseconds
	quota   int
	how     spelling
	b       []byte
	entries []entry
	counts  counts
}

// entry is one event in b.
type entry struct {
	ts         int64
	start, end int
}

// day makes the file of a day and counts what is in it.
func (p *plan) day(number int) ([]byte, counts) {
	d := &day{
		plan: p, number: number, start: firstDay + int64(number)*dayMillis, quota: p.quotas[number],
		how: spelling{slash: true, pretty: number == 0},
	}
	d.b = make([]byte, 0, d.quota*540)
	d.entries = make([]entry, 0, d.quota)
	d.session(0, d.quota)
	if number > 0 && number%3 == 0 && d.quota >= 20 {
		d.redeliver()
	}
	next := 1
	for _, c := range p.changes[number] {
		d.changeLevel(next, c)
		next++
	}
	for ; len(d.entries) < d.quota; next++ {
		d.session(next, d.quota)
	}
	// The place of an event in b breaks ties.
	slices.SortFunc(
		d.entries,
		func(a, b entry) int { return cmp.Or(cmp.Compare(a.ts, b.ts), cmp.Compare(a.start, b.start)) },
	)
	separator := "\n"
	if number%7 == 3 {
		separator = "" // objects with nothing between them
	}
	body := make([]byte, 0, len(d.b)+len(d.entries))
	for i, e := range d.entries {
		if i > 0 {
			body = append(body, separator...)
		}
		body = append(body, d.b[e.start:e.end]...)
	}
	if number%5 == 4 {
		body = append(body, '\n') // most files end without one
	}
	return body, d.counts
}

// redeliver repeats the beginning of the previous day's first session, as a
// delivery does that overlaps the one before.
func (d *day) redeliver() {
	earlier := &day{plan: d.plan, number: d.number - 1, start: d.start - dayMillis, how: d.how}
	earlier.session(0, min(redelivered, d.quotas[d.number-1]))
	for _, e := range earlier.entries {
		d.entries = append(d.entries, entry{e.ts, len(d.b) + e.start, len(d.b) + e.end})
	}
	d.b = append(d.b, earlier.b...)
	d.counts.events += earlier.counts.events
	d.counts.nextSong += earlier.counts.nextSong
	d.counts.loggedOut += earlier.counts.loggedOut
	d.counts.repeated += earlier.counts.events
}

// event is one line of a session. A play has a song.
type event struct {
	page, method  string
	status        int
	item          int
	ts            int64
	play          bool
	song, artist  string
	length        int
	session       int
	user          *user // nil: logged out
	withoutUserID bool  // a play that lost its user
}

// session makes the events of one visit, while the day has fewer than limit events.
func (d *day) session(number, limit int) {
	r := newRandom(d.seed, streamSession, uint64(d.number), uint64(number))
	e := event{session: d.before[d.number] + number + 1}
	e.ts = d.start + int64(r.pick(d.hours))*3_600_000 + int64(r.below(3_600_000))
	if number > 0 && r.chance(60) {
		d.visit(&r, e, limit)
		return
	}
	e.user = &d.users[r.popular(len(d.users))]
	loses := d.number%5 == 2 && number == 7
	items := 1 + r.below(1+r.below(60))
	for ; e.item < items && len(d.entries) < limit && e.ts < d.start+dayMillis; e.item++ {
		e.page, e.method, e.status, e.play = "NextSong", "PUT", 200, false
		pause := int64(1000 + r.below(60_000))
		switch x := r.below(1000); {
		case e.item == 0 && x < 500, x < 90:
			e.page, e.method = "Home", "GET"
		case x < 105:
			e.page, e.method = "Settings", "GET"
		case x < 113:
			e.page, e.method = "Help", "GET"
		case x < 117:
			e.page, e.method = "About", "GET"
		case x < 127 && d.level(e) == "free":
			e.page, e.method = "Upgrade", "GET"
		case x < 127:
			e.page, e.method = "Downgrade", "GET"
		case x < 129:
			e.page, e.status = "Save Settings", 307
		case x < 131:
			e.page, e.method, e.status = "Error", "GET", 404
		case x < 136:
			e.page, e.status = "Logout", 307
			items = e.item // the last one
		default:
			e.play = true
		}
		if e.play {
			known := d.choose(&r, &e)
			e.withoutUserID, loses = loses, false
			if !e.withoutUserID {
				d.counts.songplays++
				switch {
				case known >= d.catalogue.onTime:
					d.counts.late++
				case known >= 0:
					d.counts.matched++
				}
			}
			pause = int64(e.length/(decimalUnit/1000)) + int64(r.below(3000))
		}
		d.append(e)
		e.ts += pause
	}
}

// level of the event's user at its time.
func (*day) level(e event) string { return e.user.level(e.ts) }

// visit is a session of somebody who is not logged in.
func (d *day) visit(r *random, e event, limit int) {
	for items := 1 + r.below(3); e.item < items && len(d.entries) < limit && e.ts < d.start+dayMillis; e.item++ {
		e.page, e.method, e.status = one(r, []string{"Home", "Home", "Login", "Login", "About", "Help"}), "GET", 200
		if e.page == "Login" {
			e.method, e.status = "PUT", 307
		}
		d.append(e)
		e.ts += int64(1000 + r.below(90_000))
	}
}

// changeLevel is the session in which a user subscribes or cancels; the new
// level holds from the moment of the change on.
func (d *day) changeLevel(number int, c change) {
	u := &d.users[c.user]
	word := "Downgrade"
	if u.level(c.ts) == "paid" {
		word = "Upgrade"
	}
	e := event{session: d.before[d.number] + number + 1, user: u}
	for i, step := range []event{
		{page: word, method: "GET", status: 200, ts: c.ts - 20_000},
		{page: "Submit " + word, method: "PUT", status: 307, ts: c.ts - 1},
		{page: "Home", method: "GET", status: 200, ts: c.ts + 1000},
	} {
		if len(d.entries) >= d.quota {
			return
		}
		step.item, step.session, step.user = i, e.session, e.user
		d.append(step)
	}
}

// choose sets what an event plays, and returns the index of the song in the
// catalogue, or -1.
func (d *day) choose(r *random, e *event) int {
	c := d.catalogue
	e.length = 90*decimalUnit + r.below(300*decimalUnit)
	kind := r.below(1000)
	switch {
	case len(c.songs) > 0 && kind < knownSongs:
		i := c.ranked(r.popular(len(c.songs)))
		s := &c.songs[i]
		e.song, e.artist, e.length = trimmed(s.title), s.name, s.duration
		if r.chance(5) {
			e.song += " " // trailing blanks do not count
		}
		return i
	case len(c.artists) > 0 && kind < knownSongs+knownArtists:
		// No song of song_data ends like this.
		e.artist = c.artists[r.popular(len(c.artists))].name
		e.song = d.phrases.phrase(r, 2) + one(r, []string{" (Live)", " (Acoustic)", " (Remix)", " (Demo)"})
	default:
		i := r.popular(len(d.firsts) * len(d.lasts))
		e.artist = d.firsts[i%len(d.firsts)] + " " + d.lasts[i/len(d.firsts)]
		stranger := newRandom(d.seed, streamStranger, uint64(i), uint64(r.popular(12)))
		e.song, e.length = d.phrases.phrase(
			&stranger, 1+stranger.below(4),
		), 90*decimalUnit+stranger.below(300*decimalUnit)
	}
	return -1
}

// trimmed drops trailing blanks.
func trimmed(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}

// append writes an event, its keys in the order of the real files.
func (d *day) append(e event) {
	start := len(d.b)
	d.counts.events++
	o := beginObject(d.b, d.how)
	anonymous := e.user == nil || e.withoutUserID
	if e.play {
		d.counts.nextSong++
		o.text("artist", e.artist)
	} else {
		o.null("artist")
	}
	if anonymous {
		d.counts.loggedOut++
		o.raw("auth", `"Logged Out"`)
		o.null("firstName")
		o.null("gender")
	} else {
		o.raw("auth", `"Logged In"`)
		o.raw("firstName", e.user.firstName)
		o.raw("gender", e.user.gender)
	}
	o.integer("itemInSession", int64(e.item))
	if anonymous {
		o.null("lastName")
	} else {
		o.raw("lastName", e.user.lastName)
	}
	if e.play {
		o.decimal("length", e.length)
	} else {
		o.null("length")
	}
	if anonymous {
		o.raw("level", `"free"`)
		o.null("location")
	} else {
		o.key("level")
		o.b = append(append(append(o.b, '"'), d.level(e)...), '"')
		o.raw("location", e.user.location)
	}
	o.key("method")
	o.b = append(append(append(o.b, '"'), e.method...), '"')
	o.key("page")
	o.b = append(append(append(o.b, '"'), e.page...), '"')
	if anonymous {
		o.null("registration")
	} else {
		o.integer("registration", e.user.registered)
		o.b = append(o.b, ".0"...) // a float, as in the real files
	}
	o.integer("sessionId", int64(e.session))
	if e.play {
		o.text("song", e.song)
	} else {
		o.null("song")
	}
	o.integer("status", int64(e.status))
	o.integer("ts", e.ts)
	if anonymous {
		o.null("userAgent")
		o.raw("userId", `""`)
	} else {
		o.raw("userAgent", e.user.agent)
		o.key("userId")
		o.b = append(append(append(o.b, '"'), e.user.id...), '"')
	}
	d.b = o.end()
	d.entries = append(d.entries, entry{e.ts, start, len(d.b)})
}

// jsonPaths maps the keys of an event to the columns of s_songplay_event.
func jsonPaths() []byte {
	b := []byte("{\n    \"jsonpaths\": [")
	for i, key := range []string{
		"artist", "auth", "firstName", "gender", "itemInSession", "lastName", "length", "level",
		"location", "method", "page", "registration", "sessionId", "song", "status", "ts",
		"userAgent", "userId",
	} {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "\n        %s", strconv.Quote("$['"+key+"']"))
	}
	return append(b, "\n    ]\n}"...)
}
