package acceptance_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/sparkify/dwh/internal/dwhtest"
)

// latest are the records of one kind with the highest version of each key.
func latest[R any, K comparable](all []record, key func(R) K, version func(R) int) map[K]R {
	out := map[K]R{}
	for _, item := range all {
		r, ok := item.(R)
		if !ok {
			continue
		}
		if before, known := out[key(r)]; !known || version(before) < version(r) {
			out[key(r)] = r
		}
	}
	return out
}

// A period is a row of d_customer.
type period struct {
	customer
	to time.Time // zero: until now
}

// computePower computes the tables from all records, in Go.
func computePower(all []record) map[string][]string {
	type state struct {
		id string
		at time.Time
	}
	type price struct {
		segment string
		from    time.Time
	}
	states := latest(all, func(c customer) state { return state{c.id, c.changed} },
		func(c customer) int { return c.version })
	meters := latest(all, func(m meter) string { return m.id }, func(m meter) int { return m.version })
	readings := latest(all, func(r reading) int { return r.id }, func(r reading) int { return r.version })
	tariffs := latest(all, func(f tariff) price { return price{f.segment, f.from} },
		func(f tariff) int { return f.version })
	outages := latest(all, func(o outage) int { return o.id }, func(o outage) int { return o.version })

	out := map[string][]string{}
	add := func(table, format string, args ...any) { out[table] = append(out[table], fmt.Sprintf(format, args...)) }

	periods := map[string][]period{} // by customer, in order
	ordered := []customer{}
	for _, item := range states {
		ordered = append(ordered, item)
	}
	slices.SortFunc(ordered, func(a, b customer) int { return a.changed.Compare(b.changed) })
	for _, item := range ordered {
		of := periods[item.id]
		if n := len(of); n > 0 {
			if of[n-1].segment == item.segment {
				continue
			}
			of[n-1].to = item.changed
		}
		periods[item.id] = append(of, period{customer: item})
	}
	for _, of := range periods {
		for _, item := range of {
			to := dwhtest.Null
			if !item.to.IsZero() {
				to = item.to.Format(moment)
			}
			add("d_customer", "%s|%s|%s|%s|%s", item.id, item.changed.Format(moment), to, item.name, item.segment)
		}
	}
	for _, item := range meters {
		add("d_meter", "%s|%s|%s|%d", item.id, item.customer, item.region, item.version)
	}

	type group struct{ day, region string }
	type sums struct {
		readings, wh, cost int64
		priced             bool
	}
	days := map[group]*sums{}
	for _, item := range readings {
		if item.void {
			continue
		}
		day := item.at.Format(time.DateOnly)
		region, owner, segment, cost := dwhtest.Null, dwhtest.Null, dwhtest.Null, int64(-1)
		if m, known := meters[item.meter]; known {
			region, owner = m.region, m.customer
			for _, p := range periods[m.customer] {
				if !item.at.Before(p.changed) && (p.to.IsZero() || item.at.Before(p.to)) {
					segment = p.segment
				}
			}
		}
		var since time.Time
		for key, f := range tariffs {
			if key.segment == segment && !key.from.After(item.at) && (cost < 0 || key.from.After(since)) {
				cost, since = f.price, key.from
			}
		}
		dark := false
		for _, o := range outages {
			dark = dark || o.region == region && !item.at.Before(o.began) && item.at.Before(o.ended)
		}
		price := dwhtest.Null
		if cost >= 0 {
			price = fmt.Sprint(cost)
		}
		add("f_reading", "%d|%s|%s|%s|%s|%s|%s|%d|%s|%s", item.id, day, item.meter, region, owner, segment,
			item.at.Format(moment), item.wh,
			price, fmt.Sprintf("%t", dark)[:1])
		if dark {
			continue
		}
		if region == dwhtest.Null {
			region = "unknown"
		}
		of := days[group{day, region}]
		if of == nil {
			of = &sums{}
			days[group{day, region}] = of
		}
		of.readings++
		of.wh += item.wh
		if cost >= 0 {
			of.cost, of.priced = of.cost+item.wh*cost, true
		}
	}
	total := map[string]int64{}
	var everything int64
	for key, of := range days {
		cost := dwhtest.Null
		if of.priced {
			cost = fmt.Sprint(of.cost)
		}
		add("f_day", "%s|%s|%d|%d|%s", key.day, key.region, of.readings, of.wh, cost)
		total[key.region] += of.wh
		everything += of.wh
	}
	for region, wh := range total {
		place := 1
		for _, other := range total {
			if other > wh {
				place++
			}
		}
		share := dwhtest.Null
		if everything > 0 {
			share = fmt.Sprint(wh * 1000 / everything)
		}
		add("f_region", "%s|%d|%d|%s", region, place, wh, share)
	}
	return out
}
