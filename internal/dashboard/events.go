package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sparkify/dwh/internal/dwhdb"
)

const (
	// maxStreams bounds the clients that listen.
	maxStreams = 100
	// eventPause is the least time between two events of a stream: a server that commits five times
	// a second is not to have its pages fetched as often.
	eventPause = time.Second
	// beat keeps a stream, and whatever proxy is in between, from being taken for dead.
	beat = 15 * time.Second
	// pulsePause is how often the journal is asked whether another dwh wrote.
	pulsePause = 5 * time.Second
	// eventTimeout is how long a client may take to take an event.
	eventTimeout = 20 * time.Second
)

// pulse is what the journal said last, for all streams.
type pulse struct {
	turn chan struct{}
	at   time.Time
	text string
}

func newPulse() *pulse { return &pulse{turn: make(chan struct{}, 1)} }

// beatOf returns a text that changes when a run begins or ends, whoever runs it; one that cannot be
// asked is as before.
func (d *Dashboard) beatOf(ctx context.Context) string {
	select {
	case d.pulse.turn <- struct{}{}:
	case <-ctx.Done():
		return ""
	}
	defer func() { <-d.pulse.turn }()
	if time.Since(d.pulse.at) < pulsePause {
		return d.pulse.text
	}
	defer func() { d.pulse.at = time.Now() }()
	if err := d.warehouse.read(ctx, func(tx pgx.Tx) error {
		row, err := dwhdb.New(tx).JournalPulse(ctx)
		if err == nil {
			d.pulse.text = fmt.Sprint(row)
		}
		return err
	}); err != nil {
		d.pulse.text = "unknown"
	}
	return d.pulse.text
}

// events is a stream of server-sent events: "change" when a page may show something else, with what
// it is now as its id.
func (s *site) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		s.fail(w, r, &busyError{maxStreams})
		return
	}
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Content-Security-Policy", dataPolicy)
	w.Header().Set("X-Accel-Buffering", "no") // nginx passes it on at once
	send := func(text string) bool {
		// The stream outlives the server's deadline for answers, not a client that takes nothing.
		if err := control.SetWriteDeadline(time.Now().Add(eventTimeout)); err != nil {
			return false
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	ctx := r.Context()
	version, changed := s.version(ctx)
	if !send("event: hello\ndata: " + version + "\n\n") {
		return
	}
	ticker := time.NewTicker(pulsePause)
	defer ticker.Stop()
	alive := time.NewTicker(beat)
	defer alive.Stop()
	pause := time.NewTimer(eventPause)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-ticker.C:
		case <-alive.C:
			if !send(": still here\n\n") {
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		var now string
		if now, changed = s.version(ctx); now != version {
			version = now
			if !send("event: change\ndata: " + version + "\n\n") {
				return
			}
		}
		pause.Reset(eventPause)
	}
}

// version stands for all that pages show, and changes when it does.
func (s *site) version(ctx context.Context) (string, <-chan struct{}) {
	state, changed := s.source.State()
	sum := fnv.New64a()
	_ = json.NewEncoder(sum).Encode(state) // a hash takes everything, and a State is plain data
	_, _ = sum.Write([]byte(s.beatOf(ctx)))
	return fmt.Sprintf("%016x", sum.Sum64()), changed
}
