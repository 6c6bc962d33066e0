package server

import (
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics are what /metrics shows. The names are part of the contract with whoever draws and
// alerts.
type metrics struct {
	registry    *prometheus.Registry
	batches     prometheus.Counter
	objects     *prometheus.CounterVec // table, outcome
	rows        *prometheus.CounterVec // table
	rejects     *prometheus.CounterVec // table
	retries     *prometheus.CounterVec // cause
	batchSize   prometheus.Histogram
	batchBytes  prometheus.Histogram
	batchTime   prometheus.Histogram
	stepTime    *prometheus.HistogramVec // step
	stepRows    *prometheus.CounterVec   // step
	landed      prometheus.Histogram
	sweeps      *prometheus.HistogramVec // step
	checks      *prometheus.GaugeVec     // check, severity
	checkedAt   prometheus.Gauge
	committedAt prometheus.Gauge
	phase       *prometheus.GaugeVec // phase
}

func newMetrics(pool *pgxpool.Pool, w *waiting, version string) *metrics {
	seconds := []float64{0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		batches: prometheus.NewCounter(
			prometheus.CounterOpts{Name: "dwh_batches_total", Help: "Batches committed."},
		),
		objects: prometheus.NewCounterVec(
			prometheus.CounterOpts{
				Name: "dwh_objects_total",
				Help: "Objects by outcome: loaded, known, left, quarantined.",
			},
			[]string{"table", "outcome"},
		),
		rows: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "dwh_staged_rows_total", Help: "Rows staged."},
			[]string{"table"},
		),
		rejects: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "dwh_rejects_total", Help: "Records refused by COPY."},
			[]string{"table"},
		),
		retries: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "dwh_retries_total", Help: "Retries, by what failed."},
			[]string{"cause"},
		),
		batchSize: prometheus.NewHistogram(
			prometheus.HistogramOpts{
				Name: "dwh_batch_objects", Help: "Objects in a batch.",
				Buckets: prometheus.ExponentialBuckets(1, 4, 8),
			},
		),
		batchBytes: prometheus.NewHistogram(
			prometheus.HistogramOpts{
				Name: "dwh_batch_bytes", Help: "Bytes in a batch, as stored.",
				Buckets: prometheus.ExponentialBuckets(1024, 8, 9),
			},
		),
		batchTime: prometheus.NewHistogram(
			prometheus.HistogramOpts{
				Name: "dwh_batch_duration_seconds", Help: "Time from a batch's start to its commit.",
				Buckets: seconds,
			},
		),
		stepTime: prometheus.NewHistogramVec(
			prometheus.HistogramOpts{
				Name: "dwh_step_duration_seconds",
				Help: "Time of each load and transform in a batch.", Buckets: seconds,
			},
			[]string{"step"},
		),
		stepRows: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "dwh_step_rows_total", Help: "Rows written by each load and transform."},
			[]string{"step"},
		),
		landed: prometheus.NewHistogram(
			prometheus.HistogramOpts{
				Name: "dwh_landed_to_committed_seconds",
				Help: "Time from an object's arrival in the source to the commit that shows it, for objects that " +
					"arrived while the server worked.",
				Buckets: seconds,
			},
		),
		sweeps: prometheus.NewHistogramVec(
			prometheus.HistogramOpts{
				Name: "dwh_sweep_duration_seconds", Help: "Full listings of a source.",
				Buckets: seconds,
			},
			[]string{"step"},
		),
		checks: prometheus.NewGaugeVec(
			prometheus.GaugeOpts{Name: "dwh_check_violations", Help: "Violations that the last full check found."},
			[]string{"check", "severity"},
		),
		checkedAt: prometheus.NewGauge(
			prometheus.GaugeOpts{Name: "dwh_last_check_timestamp_seconds", Help: "When the last full check ended."},
		),
		committedAt: prometheus.NewGauge(
			prometheus.GaugeOpts{Name: "dwh_last_commit_timestamp_seconds", Help: "When the last batch was committed."},
		),
		phase: prometheus.NewGaugeVec(
			prometheus.GaugeOpts{
				Name: "dwh_phase",
				Help: "1 for the server's current phase: starting, standby, working, retrying, stopping.",
			},
			[]string{"phase"},
		),
	}
	build := prometheus.NewGauge(
		prometheus.GaugeOpts{
			Name: "dwh_build_info", Help: "1, with dwh's version.",
			ConstLabels: prometheus.Labels{"version": version},
		},
	)
	build.Set(1)
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	pooled := func(name, help string, value func(*pgxpool.Stat) float64) prometheus.Collector {
		return gauge(name, help, func() float64 { return value(pool.Stat()) })
	}
	m.registry.MustRegister(
		m.batches, m.objects, m.rows, m.rejects, m.retries, m.batchSize, m.batchBytes, m.batchTime,
		m.stepTime, m.stepRows, m.landed, m.sweeps,
		m.checks, m.checkedAt, m.committedAt, m.phase, build,
		gauge("dwh_lag_seconds", "How long the oldest waiting object has waited; 0 when none waits.", func() float64 {
			if _, _, oldest := w.look(); !oldest.IsZero() {
				return time.Since(oldest).Seconds()
			}
			return 0
		}),
		gauge(
			"dwh_waiting_objects", "Objects that wait for a batch.",
			func() float64 { n, _, _ := w.look(); return float64(n) },
		),
		gauge(
			"dwh_waiting_bytes", "Bytes of the objects that wait, as far as known.",
			func() float64 { _, n, _ := w.look(); return float64(n) },
		),
		pooled(
			"dwh_pool_connections", "Connections of the pool.",
			func(s *pgxpool.Stat) float64 { return float64(s.TotalConns()) },
		),
		pooled(
			"dwh_pool_acquired_connections", "Connections in use.",
			func(s *pgxpool.Stat) float64 { return float64(s.AcquiredConns()) },
		),
		pooled(
			"dwh_pool_max_connections", "Connections that the pool may open.",
			func(s *pgxpool.Stat) float64 { return float64(s.MaxConns()) },
		),
		pooled(
			"dwh_pool_acquire_seconds_total", "Time spent waiting for a connection.",
			func(s *pgxpool.Stat) float64 { return s.AcquireDuration().Seconds() },
		),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// committed counts a batch.
func (m *metrics) committed(b Batch) {
	m.batches.Inc()
	m.batchSize.Observe(float64(b.Objects))
	m.batchBytes.Observe(float64(b.Bytes))
	m.batchTime.Observe(b.Duration.Seconds())
	m.committedAt.Set(float64(b.At.UnixMilli()) / 1000)
	for _, step := range b.Steps {
		m.stepTime.WithLabelValues(step.Step).Observe(step.Duration.Seconds())
		m.stepRows.WithLabelValues(step.Step).Add(float64(step.RowsOut))
	}
}

func (m *metrics) setPhase(now Phase) {
	for _, phase := range []Phase{Starting, Standby, Working, Retrying, Stopping} {
		value := 0.0
		if phase == now {
			value = 1
		}
		m.phase.WithLabelValues(string(phase)).Set(value)
	}
}
