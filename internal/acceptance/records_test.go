package acceptance_test

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// A record is a line of one of the five sources.
type record interface {
	source() string
	line() string
}

type customer struct {
	id, name, segment string
	changed           time.Time
	version           int
}

type meter struct {
	id, customer, region string
	version              int
}

type reading struct {
	id      int
	meter   string
	at      time.Time
	wh      int64
	void    bool
	version int
}

type tariff struct {
	segment string
	from    time.Time
	price   int64
	version int
}

type outage struct {
	id           int
	region       string
	began, ended time.Time
	version      int
}

const moment = "2006-01-02 15:04:05"

func (customer) source() string { return "customers" }
func (meter) source() string    { return "meters" }
func (reading) source() string  { return "readings" }
func (tariff) source() string   { return "tariffs" }
func (outage) source() string   { return "outages" }

func (c customer) line() string {
	return fmt.Sprintf("%s,\"%s\",%s,%s,%d\n", c.id, c.name, c.segment, c.changed.Format(moment), c.version)
}

func (m meter) line() string {
	return fmt.Sprintf("%s|%s|%s|%d\n", m.id, m.customer, m.region, m.version)
}

func (r reading) line() string {
	return fmt.Sprintf(`{"reading_id": %d, "meter_id": %q, "read_at": %q, "wh": %d, "void": %t, "version": %d}`+"\n",
		r.id, r.meter, r.at.Format(moment), r.wh, r.void, r.version)
}

func (f tariff) line() string {
	return fmt.Sprintf("%s,%s,%d,%d\n", f.segment, f.from.Format(time.DateOnly), f.price, f.version)
}

func (o outage) line() string {
	return fmt.Sprintf(`{"outage_id": %d, "region": %q, "began_at": %q, "ended_at": %q, "version": %d}`+"\n",
		o.id, o.region, o.began.Format(moment), o.ended.Format(moment), o.version)
}

// generate makes some hundred records of two weeks. Of one thing there are several versions.
func generate(random *rand.Rand) []record {
	start := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	// Half hours, so that many moments are equal.
	at := func(hours int) time.Time { return start.Add(time.Duration(random.IntN(hours*2)) * 30 * time.Minute) }
	// Between equal versions of one thing only the order of all columns would decide.
	taken := map[string]bool{}
	unlike := func(key string, choose func() time.Time) time.Time {
		for {
			if at := choose(); !taken[key+at.String()] {
				taken[key+at.String()] = true
				return at
			}
		}
	}
	choose := func(words ...string) string { return words[random.IntN(len(words))] }
	const hours = 14 * 24
	segments, regions := []string{"home", "shop", "farm"}, []string{"north", "south", "east"}
	var out []record
	for c := range 8 {
		for range 1 + random.IntN(4) {
			changed := unlike(fmt.Sprint("customer", c), func() time.Time { return at(hours) })
			for version := range 1 + random.IntN(2) {
				out = append(out, customer{
					id: fmt.Sprintf("C%d", c), name: fmt.Sprintf(
						"Smith, %d", random.IntN(9),
					), segment: choose(segments...),
					changed: changed, version: version,
				})
			}
		}
	}
	for m := range 10 {
		for version := range 1 + random.IntN(3) {
			out = append(out, meter{
				id: fmt.Sprintf("M%d", m), customer: fmt.Sprintf("C%d", random.IntN(9)), region: choose(regions...),
				version: version,
			})
		}
	}
	for id := range 120 {
		r := reading{id: id, meter: fmt.Sprintf("M%d", random.IntN(11)), at: at(hours)}
		for version := range 1 + random.IntN(3) {
			r.wh, r.void, r.version = int64(random.IntN(5000)), random.IntN(8) == 0, version
			if random.IntN(4) == 0 {
				r.at = at(hours) // also the day is corrected
			}
			out = append(out, r)
		}
	}
	for _, segment := range segments[:2] {
		for range 3 {
			from := unlike(segment, func() time.Time { return at(hours).Truncate(24 * time.Hour) })
			for version := range 1 + random.IntN(2) {
				out = append(
					out,
					tariff{segment: segment, from: from, price: int64(20 + random.IntN(20)), version: version},
				)
			}
		}
	}
	for id := range 6 {
		for version := range 1 + random.IntN(2) {
			began := at(hours)
			out = append(out, outage{
				id: id, region: choose(regions...), began: began,
				ended: began.Add(time.Duration(random.IntN(30)) * time.Hour), version: version,
			})
		}
	}
	return out
}
