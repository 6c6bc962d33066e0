package sample

import "strconv"

// eventsPerUser gives the number of users; the real service had 84 events a user
// in its first month.
const eventsPerUser = 80

// user is a listener. Prepared JSON spares its making for each event.
type user struct {
	id         string
	firstName  string  // JSON
	lastName   string  // JSON
	gender     string  // JSON: "F", "M", sometimes "" or null
	location   string  // JSON
	agent      string  // JSON
	registered int64   // epoch milliseconds
	paid       bool    // at the beginning
	changes    []int64 // moments of subscribing and cancelling, epoch milliseconds, ascending
}

// level is the user's at a moment: a function of time alone, so that days can be
// made in any order.
func (u *user) level(ts int64) string {
	paid := u.paid
	for _, change := range u.changes {
		if change <= ts {
			paid = !paid
		}
	}
	if paid {
		return "paid"
	}
	return "free"
}

// change is a user who subscribes or cancels on some day.
type change struct {
	user int
	ts   int64
}

// newUsers makes the listeners, and for each day those who change their level on it.
func newUsers(seed uint64, n, days int) ([]user, [][]change) {
	users := make([]user, n)
	changes := make([][]change, days)
	names, foreigners, families, places, agents := givenNames(), abroad(), familyNames(), cities(), browsers()
	how := spelling{slash: true}
	quote := func(s string) string { return string(appendText(nil, s, how)) }
	for i := range users {
		r := newRandom(seed, streamUser, uint64(i), 0)
		person := one(&r, names)
		if i%31 == 17 {
			person = one(&r, foreigners)
		}
		u := &users[i]
		*u = user{
			id:         strconv.Itoa(2 + i),
			firstName:  quote(person.name),
			lastName:   quote(one(&r, families)),
			gender:     quote(person.sex),
			location:   quote(places[r.popular(len(places))]),
			agent:      quote(one(&r, agents)),
			registered: firstDay - int64(r.below(120*86_400))*1000 - int64(r.below(1000)),
			paid:       r.chance(300),
		}
		switch i % 25 {
		case 12:
			u.gender = "null"
		case 20:
			u.gender = `""`
		}
		if i%11 == 4 {
			// One change, or two in ascending order.
			day := r.below(days)
			for range 1 + r.below(2) {
				ts := firstDay + int64(day)*dayMillis + 3_600_000 + int64(r.below(20*3_600_000))
				u.changes = append(u.changes, ts)
				changes[day] = append(changes[day], change{user: i, ts: ts})
				if day++; day >= days {
					break
				}
				day += r.below(days - day)
			}
		}
	}
	return users, changes
}
