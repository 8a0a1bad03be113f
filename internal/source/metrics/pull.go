package metrics

import (
	"context"
	"errors"
	"time"
)

// PullOptions says what to ask a server for.
type PullOptions struct {
	From, To time.Time     // zero: the last 24 hours
	Step     time.Duration // zero: chosen
	Progress func(n int64) // bytes received
}

var errNotYet = errors.New("not there yet")

// PullInflux reads memory series from a running InfluxDB.
func PullInflux(context.Context, string, PullOptions, Sink) (Result, error) {
	return Result{}, errNotYet
}

// PullPrometheus reads memory series from a running Prometheus.
func PullPrometheus(context.Context, string, PullOptions, Sink) (Result, error) {
	return Result{}, errNotYet
}
