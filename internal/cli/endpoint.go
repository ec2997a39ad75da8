package cli

import (
	"context"
	"errors"

	"olmoeval/eval"
	"olmoeval/internal/modelspec"
)

func (a *app) endpoint(ctx context.Context, m *modelspec.Config, f *runFlags) (eval.Provider, eval.Responder, error) {
	return nil, nil, errors.New("endpoints are being wired")
}
