// Package shop is a second, slow implementation of the test project shop in maps and sorts, which
// tests compare the models with.
package shop

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Customer is a row of s_customer; nil is NULL, here and below.
type Customer struct {
	No            *int
	Name, Segment *string
	Updated       *int
}

// Segment is a row of s_segment.
type Segment struct{ Segment, Title *string }

// Product is a row of s_product.
type Product struct {
	No   *int
	Name *string
}

// Price is a row of s_price.
type Price struct{ Product, From, Price *int }

// Address is a row of s_address.
type Address struct {
	No            *int
	City, Country *string
}

// Line is a row of s_order_line.
type Line struct{ Order, Line, Customer, Product, Day, Quantity, BillTo, ShipTo *int }

// Return is a row of s_return.
type Return struct {
	Order, Line *int
	Reason      *string
	Quantity    *int
}

// Reason is a row of s_reason.
type Reason struct {
	Reason *string
	Fault  *int
}

// Staging is what the shop's tables are a function of.
type Staging struct {
	Customers []Customer
	Segments  []Segment
	Products  []Product
	Prices    []Price
	Addresses []Address
	Lines     []Line
	Returns   []Return
	Reasons   []Reason
}

// Null is how a NULL is written.
const Null = "∅"

// regions are the seed's.
var regions = map[string]string{"DE": "Europe", "FR": "Europe", "US": "America"}

// A builder computes one table after the other.
type builder struct {
	in    Staging
	lines map[[2]int]Line // order_line by order and line
	heads map[int]Line    // order_head by order
	tags  []tag           // d_price
	price map[[2]int]*int // of tags, by product and day from
	names map[int]*string // d_customer's
	goods map[int]*string // d_product's names
	out   map[string][]string
}

// A tag is a row of d_price.
type tag struct {
	product, from int
	to, price     *int
}

// Build returns the rows of every stored table by its name, in PostgreSQL's text form, parted by |
// and in byte order. Columns stand in the order of the SELECTs.
func Build(in Staging) map[string][]string {
	b := &builder{
		in: in, lines: map[[2]int]Line{}, heads: map[int]Line{}, price: map[[2]int]*int{},
		names: map[int]*string{}, goods: map[int]*string{},
		out: map[string][]string{},
	}
	for _, name := range []string{
		"d_customer", "d_price", "d_product", "f_line", "f_shipping", "f_customer", "f_idle_customer", "f_movement",
		"f_balance",
		"product_total", "f_best_product", "f_total", "f_address", "f_nth_order", "f_last_city",
	} {
		b.out[name] = []string{}
	}
	b.orders()
	b.customers()
	b.prices()
	b.products()
	b.sales()
	b.shipping()
	b.movements()
	b.balances()
	b.totals()
	b.perCustomer()
	for _, rows := range b.out {
		slices.Sort(rows)
	}
	return b.out
}

func (b *builder) row(table string, values ...any) {
	b.out[table] = append(b.out[table], row(values...))
}

func row(values ...any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		switch v := value.(type) {
		case *int:
			texts[i] = Null
			if v != nil {
				texts[i] = strconv.Itoa(*v)
			}
		case *string:
			texts[i] = Null
			if v != nil {
				texts[i] = *v
			}
		default:
			texts[i] = fmt.Sprint(v)
		}
	}
	return strings.Join(texts, "|")
}

func cut(text *string) *string {
	if text == nil {
		return nil
	}
	short := strings.TrimRight(*text, " ")
	return &short
}

// up and down order values with NULL last.
func up[T cmp.Ordered](a, b *T) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*a, *b)
}

func down[T cmp.Ordered](a, b *T) int {
	if a == nil || b == nil {
		return up(a, b)
	}
	return cmp.Compare(*b, *a)
}

func is[T comparable](a *T, b T) bool                { return a != nil && *a == b }
func same[T comparable](a, b *T) bool                { return a != nil && b != nil && *a == *b }
func filled(text *string) bool                       { return text != nil && *text != "" }
func best[T any](rows []T, order func(a, b T) int) T { return slices.MinFunc(rows, order) }

// plus adds as SUM does: NULLs do not count, and nothing but NULLs is NULL.
func plus(sum, value *int) *int {
	switch {
	case value == nil:
		return sum
	case sum == nil:
		copied := *value
		return &copied
	}
	total := *sum + *value
	return &total
}

// orders makes order_line and order_head.
func (b *builder) orders() {
	byKey := map[[2]int][]Line{}
	for _, l := range b.in.Lines {
		if l.Order != nil && l.Line != nil {
			byKey[[2]int{*l.Order, *l.Line}] = append(byKey[[2]int{*l.Order, *l.Line}], l)
		}
	}
	for key, copies := range byKey {
		b.lines[key] = best(copies, func(x, y Line) int {
			// pick, then the other columns in the order of the SELECT.
			return cmp.Or(down(x.Day, y.Day), up(x.Quantity, y.Quantity), up(x.Customer, y.Customer),
				up(x.Product, y.Product),
				up(x.BillTo, y.BillTo), up(x.ShipTo, y.ShipTo))
		})
	}
	for key, l := range b.lines {
		if head, ok := b.heads[key[0]]; !ok || *l.Line < *head.Line {
			b.heads[key[0]] = l
		}
	}
}

func (b *builder) customers() {
	titles := map[string][]*string{}
	for _, s := range b.in.Segments {
		if name := cut(s.Segment); filled(name) {
			titles[*name] = append(titles[*name], cut(s.Title))
		}
	}
	byNo := map[int][]Customer{}
	for _, c := range b.in.Customers {
		if c.No != nil {
			c.Name, c.Segment = cut(c.Name), cut(c.Segment)
			byNo[*c.No] = append(byNo[*c.No], c)
		}
	}
	for no, copies := range byNo {
		c := best(copies, func(x, y Customer) int {
			return cmp.Or(down(x.Updated, y.Updated), up(x.Name, y.Name), up(x.Segment, y.Segment))
		})
		var title *string
		if c.Segment != nil && len(titles[*c.Segment]) > 0 {
			title = best(titles[*c.Segment], up)
		}
		b.names[no] = c.Name
		b.row("d_customer", no, c.Name, c.Segment, title, c.Updated)
		ordered := false
		for _, l := range b.lines {
			ordered = ordered || is(l.Customer, no)
		}
		if !ordered {
			b.row("f_idle_customer", no, c.Name)
		}
	}
}

func (b *builder) prices() {
	days := map[int][]int{}
	for _, p := range b.in.Prices {
		if p.Product == nil || p.From == nil {
			continue
		}
		key := [2]int{*p.Product, *p.From}
		if old, ok := b.price[key]; !ok {
			days[key[0]] = append(days[key[0]], key[1])
			b.price[key] = p.Price
		} else if down(p.Price, old) < 0 {
			b.price[key] = p.Price
		}
	}
	for product, list := range days {
		slices.Sort(list)
		for i, from := range list {
			t := tag{product: product, from: from, price: b.price[[2]int{product, from}]}
			if i+1 < len(list) {
				t.to = &list[i+1]
			}
			b.tags = append(b.tags, t)
			b.row("d_price", product, from, t.to, t.price)
		}
	}
}

func (b *builder) products() {
	byNo := map[int][]*string{}
	for _, p := range b.in.Products {
		if p.No != nil {
			byNo[*p.No] = append(byNo[*p.No], cut(p.Name))
		}
	}
	for no, names := range byNo {
		b.goods[no] = best(names, down)
		var price *int
		for _, t := range b.tags {
			if t.product == no && t.to == nil {
				price = t.price
			}
		}
		b.row("d_product", no, b.goods[no], price)
	}
}

// sales makes f_line, f_customer and f_total.
func (b *builder) sales() {
	type customer struct {
		orders      map[int]bool
		amount      *int
		first, last int
	}
	customers := map[int]*customer{}
	var total *int
	for key, l := range b.lines {
		var amount *int
		for _, t := range b.tags {
			if is(l.Product, t.product) && l.Day != nil && *l.Day >= t.from && (t.to == nil || *l.Day < *t.to) &&
				l.Quantity != nil && t.price != nil {
				product := *l.Quantity * *t.price
				amount = &product
			}
		}
		var buyer, good *string
		if l.Customer != nil {
			buyer = b.names[*l.Customer]
		}
		if l.Product != nil {
			good = b.goods[*l.Product]
		}
		b.row("f_line", key[0], key[1], l.Customer, l.Product, l.Day, l.Quantity, amount, buyer, good)
		total = plus(total, amount)
		if l.Customer == nil {
			continue
		}
		c := customers[*l.Customer]
		if c == nil {
			c = &customer{orders: map[int]bool{}, first: key[0], last: key[0]}
			customers[*l.Customer] = c
		}
		c.orders[key[0]], c.amount, c.first, c.last = true, plus(c.amount, amount), min(c.first,
			key[0]), max(c.last, key[0])
	}
	for no, c := range customers {
		b.row("f_customer", no, len(c.orders), c.amount, c.first, c.last)
	}
	b.row("f_total", 1, len(b.lines), total)
}

// at are the staged spellings of an address; one empty spelling stands for none, as in a LEFT JOIN.
func (b *builder) at(no *int) []Address {
	var out []Address
	for _, a := range b.in.Addresses {
		if same(a.No, no) {
			out = append(out, Address{City: cut(a.City), Country: cut(a.Country)})
		}
	}
	return out
}

// shipping makes f_shipping, f_address and f_last_city.
func (b *builder) shipping() {
	type goods struct{ bill, ship, region *string }
	type stay struct {
		day  *int
		city *string
	}
	bills, last := map[int]int{}, map[int][]stay{}
	for no, o := range b.heads {
		var choices []goods
		bill, ship := b.at(o.BillTo), b.at(o.ShipTo)
		for _, s := range ship {
			if o.Customer != nil {
				last[*o.Customer] = append(last[*o.Customer], stay{o.Day, s.City})
			}
		}
		if len(bill) == 0 {
			bill = []Address{{}}
		}
		if len(ship) == 0 {
			ship = []Address{{}}
		}
		for _, x := range bill {
			for _, y := range ship {
				g := goods{x.City, y.City, nil}
				if y.Country != nil {
					if region, ok := regions[*y.Country]; ok {
						g.region = &region
					}
				}
				choices = append(choices, g)
			}
		}
		g := best(choices, func(x, y goods) int {
			return cmp.Or(up(x.bill, y.bill), down(x.ship, y.ship),
				up(x.region, y.region))
		})
		b.row("f_shipping", no, o.BillTo, o.ShipTo, g.bill, g.ship, g.region)
		if o.BillTo != nil {
			bills[*o.BillTo]++
		}
	}
	for no, orders := range bills {
		spellings := 0
		for _, a := range b.at(&no) {
			if a.City != nil {
				spellings++
			}
		}
		b.row("f_address", no, orders, spellings*orders)
	}
	for no, stays := range last {
		b.row("f_last_city", no, best(stays, func(x, y stay) int {
			return cmp.Or(down(x.day, y.day),
				up(x.city, y.city))
		}).city)
	}
}

func (b *builder) movements() {
	for key, l := range b.lines {
		if l.Product == nil {
			continue
		}
		if name, ok := b.goods[*l.Product]; ok {
			b.row("f_movement", "sale", key[0], key[1], l.Quantity, name)
		}
	}
	faults := map[string][]*int{}
	for _, r := range b.in.Reasons {
		if name := cut(r.Reason); filled(name) {
			faults[*name] = append(faults[*name], r.Fault)
		}
	}
	type back struct {
		reason   *string
		quantity *int
	}
	returned := map[[2]int]back{}
	for _, r := range b.in.Returns {
		if r.Order == nil || r.Line == nil {
			continue
		}
		key := [2]int{*r.Order, *r.Line}
		x := returned[key]
		if reason := cut(r.Reason); up(reason, x.reason) < 0 {
			x.reason = reason
		}
		x.quantity = plus(x.quantity, r.Quantity)
		returned[key] = x
	}
	ours := "our fault"
	for key, x := range returned {
		about := x.reason
		if x.reason != nil && len(faults[*x.reason]) > 0 {
			if fault := best(faults[*x.reason], down); fault != nil && *fault > 0 {
				about = &ours
			}
		}
		b.row("f_movement", "return", key[0], key[1], x.quantity, about)
	}
}

func (b *builder) balances() {
	sold, returned := map[int]*int{}, map[int]*int{}
	zero := 0
	add := func(order int, out, back *int) {
		sold[order], returned[order] = plus(sold[order], out), plus(returned[order], back)
	}
	for key, l := range b.lines {
		add(key[0], l.Quantity, &zero)
	}
	for _, r := range b.in.Returns {
		if r.Order != nil {
			add(*r.Order, &zero, r.Quantity)
		}
	}
	for order := range sold {
		b.row("f_balance", order, sold[order], returned[order])
	}
}

// totals makes product_total and f_best_product.
func (b *builder) totals() {
	quantities := map[int]*int{}
	for _, l := range b.lines {
		if l.Product != nil {
			quantities[*l.Product] = plus(quantities[*l.Product], l.Quantity)
		}
	}
	var products []int
	for no, quantity := range quantities {
		b.row("product_total", no, quantity)
		products = append(products, no)
	}
	slices.SortFunc(products, func(x, y int) int {
		return cmp.Or(down(quantities[x], quantities[y]),
			cmp.Compare(x, y))
	})
	for _, no := range products[:min(2, len(products))] {
		b.row("f_best_product", no, b.goods[no], quantities[no])
	}
}

// perCustomer makes f_nth_order.
func (b *builder) perCustomer() {
	byCustomer := map[int][]int{}
	for no, o := range b.heads {
		if o.Customer != nil {
			byCustomer[*o.Customer] = append(byCustomer[*o.Customer], no)
		}
	}
	for customer, orders := range byCustomer {
		name, known := b.names[customer]
		if !known {
			continue
		}
		slices.SortFunc(orders, func(x, y int) int {
			return cmp.Or(up(b.heads[x].Day, b.heads[y].Day),
				cmp.Compare(x, y))
		})
		for i, no := range orders {
			b.row("f_nth_order", no, customer, i+1, name)
		}
	}
}
