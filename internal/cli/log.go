package cli

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
)

// logger returns a logger on Stderr: JSON for machines, "message key=value" for people. Warnings
// that pass through it count for --strict like those of Warn.
func (o *Output) logger(format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return o.counted(slog.NewJSONHandler(lineWriter{o}, options))
	}
	options.ReplaceAttr = func(groups []string, attr slog.Attr) slog.Attr {
		// A person knows the time; level and message are written in front.
		if len(groups) == 0 && (attr.Key == slog.TimeKey || attr.Key == slog.LevelKey || attr.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return attr
	}
	s := &scratch{}
	return o.counted(&plainHandler{slog.NewTextHandler(&s.Buffer, options), s, o})
}

// counted returns a logger to handler whose warnings count, and keeps one whose do not.
func (o *Output) counted(handler slog.Handler) *slog.Logger {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.uncounted = slog.New(handler)
	return slog.New(&counter{handler, o})
}

// counter counts warnings and errors on their way to the handler.
type counter struct {
	slog.Handler
	o *Output
}

func (h *counter) Handle(ctx context.Context, record slog.Record) error {
	if record.Level >= slog.LevelWarn {
		h.o.mu.Lock()
		h.o.warnings++
		h.o.mu.Unlock()
	}
	return h.Handler.Handle(ctx, record)
}

func (h *counter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &counter{h.Handler.WithAttrs(attrs), h.o}
}

func (h *counter) WithGroup(name string) slog.Handler {
	return &counter{h.Handler.WithGroup(name), h.o}
}

// scratch is where slog's handler writes a record's attributes, which are then put behind the
// message.
type scratch struct {
	sync.Mutex
	bytes.Buffer
}

// plainHandler writes "message key=value", with the level in front when it is not information.
type plainHandler struct {
	attrs slog.Handler // writes to scratch
	s     *scratch
	o     *Output
}

func (h *plainHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.attrs.Enabled(ctx, level)
}

func (h *plainHandler) Handle(ctx context.Context, record slog.Record) error {
	h.s.Lock()
	defer h.s.Unlock()
	h.s.Reset()
	if err := h.attrs.Handle(ctx, record); err != nil {
		return err
	}
	line := printable(record.Message)
	switch {
	case record.Level >= slog.LevelError:
		line = h.o.paint(red, "error:") + " " + line
	case record.Level >= slog.LevelWarn:
		line = h.o.paint(yellow, "warning:") + " " + line
	case record.Level < slog.LevelInfo:
		line = "debug: " + line
	}
	if attrs := bytes.TrimSpace(h.s.Bytes()); len(attrs) > 0 {
		line += " " + string(attrs)
	}
	h.o.line("%s", line)
	return nil
}

func (h *plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &plainHandler{h.attrs.WithAttrs(attrs), h.s, h.o}
}

func (h *plainHandler) WithGroup(name string) slog.Handler {
	return &plainHandler{h.attrs.WithGroup(name), h.s, h.o}
}
