package lint

import "github.com/sparkify/dwh/internal/sqlfile"

// rankings are the window functions that take no frame, on either engine.
var rankings = []string{"ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE", "LAG", "LEAD"}

// window is an OVER (…).
type window struct {
	over, open, close int
	function          int // index of the function's name, -1 when it is not found
	order             int // index of ORDER BY inside, -1 when there is none
	frame             int // index of ROWS, RANGE or GROUPS inside, -1 when there is none
}

// windows returns the statement's windows.
func (u *unit) windows() []window {
	var windows []window
	for i := range u.tokens {
		if !u.is(i, "OVER", "(") || u.is(i-1, ".") {
			continue
		}
		w := window{over: i, open: i + 1, close: u.close(i + 1), function: -1, order: -1, frame: -1}
		for j := i - 1; u.is(j, ")") && u.pair[j] > 0; {
			w.function = u.pair[j] - 1
			// PERCENTILE_CONT (…) WITHIN GROUP (…) OVER and SUM (…) FILTER (…) OVER
			switch {
			case u.is(w.function-1, "WITHIN", "GROUP"):
				j = w.function - 2
			case u.is(w.function, "FILTER"):
				j = w.function - 1
			default:
				j = -1
			}
		}
		for j := w.open + 1; j < w.close; j++ {
			if u.up[j] != w.open {
				continue
			}
			switch {
			case u.is(j, "ORDER", "BY"):
				w.order = j
			case u.any(j, "ROWS", "RANGE", "GROUPS") && (u.any(
				j+1, "BETWEEN", "UNBOUNDED", "CURRENT", "INTERVAL",
			) || u.kind(j+1) == sqlfile.KindNumber):
				w.frame = j
			}
		}
		windows = append(windows, w)
	}
	return windows
}

func (u *unit) ranking(w window) bool {
	return w.function >= 0 && u.any(w.function, rankings...)
}

func checkWindowFrame(u *unit, found func(int, string)) {
	for _, w := range u.windows() {
		if w.order < 0 || w.frame >= 0 || u.ranking(w) {
			continue
		}
		name := "aggregate"
		if w.function >= 0 && u.kind(w.function) == sqlfile.KindWord {
			name = u.tokens[w.function].Text
		}
		found(w.order, name+" over an ORDER BY without a frame")
	}
}

func checkFrameMode(u *unit, found func(int, string)) {
	for _, w := range u.windows() {
		if u.any(w.frame, "RANGE", "GROUPS") {
			found(w.frame, u.word(w.frame)+" frame")
		}
		for i := w.open + 1; w.frame >= 0 && i < w.close; i++ {
			if u.up[i] == w.open && u.is(i, "EXCLUDE") && u.any(i+1, "CURRENT", "GROUP", "TIES", "NO") {
				found(i, "EXCLUDE in a frame")
			}
		}
	}
}

func checkRankingFrame(u *unit, found func(int, string)) {
	for _, w := range u.windows() {
		if w.frame >= 0 && u.ranking(w) {
			found(w.frame, "frame of "+u.tokens[w.function].Text)
		}
	}
}

func checkWindowClause(u *unit, found func(int, string)) {
	for i := range u.tokens {
		switch {
		case u.is(i, ")", "OVER") && u.named(i+2):
			found(i+1, "OVER "+u.tokens[i+2].Text)
		case u.is(i, "WINDOW") && u.named(i+1) && u.is(i+2, "AS", "("):
			found(i, "WINDOW clause")
		}
	}
}

func checkWindowConstant(u *unit, found func(int, string)) {
	for _, w := range u.windows() {
		if w.order < 0 {
			continue
		}
		key := w.order + 2 // the first token of a sort key
		for i := key; i < w.close; i++ {
			if u.up[i] != w.open {
				continue
			}
			constant := u.kind(i) == sqlfile.KindNumber || u.kind(i) == sqlfile.KindString
			if i == key && constant && (i+1 == w.close || u.any(i+1, ",", "ASC", "DESC", "NULLS", "ROWS")) {
				found(i, "window ordered by "+u.tokens[i].Text)
			}
			if u.is(i, ",") {
				key = i + 1
			}
		}
	}
}
