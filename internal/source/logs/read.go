package logs

import (
	"context"
	"errors"
)

func read(ctx context.Context, src Source, opt Options, newSink func() Sink) (Result, error) {
	return Result{}, errors.ErrUnsupported
}
