package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"olmoeval/eval"
	"olmoeval/internal/mockserver"
	"olmoeval/internal/provider/mock"
)

func (a *app) mockServerCommand() *cobra.Command {
	k := &asks{dir: a.Dir}
	var port int
	var names []string
	var keyEnv string
	spec := "mock"
	cmd := &cobra.Command{
		Use:   "mock-server [--port P] [--model SPEC] [-t SPEC…]",
		Short: "an OpenAI-compatible server with vLLM's extensions, for dry runs and tests; on loopback only",
		Long: "An OpenAI-compatible server with vLLM's extensions, for dry runs and tests, on loopback only.\n" +
			"The first line on standard output is its URL. With -t it renders those tasks and knows requests by\n" +
			"their prompt; an unknown one gets the fixed text. mock:oracle and mock:acc=… need -t.",
		Example: "  olmo-eval mock-server --port 8000 --model mock:acc=0.62 -t demo",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key := ""
			if keyEnv != "" {
				if key = a.Getenv(keyEnv); key == "" {
					return usage("mock-server --api-key-env: %s is not set", keyEnv)
				}
			}
			return a.mockServer(cmd.Context(), k, port, spec, mockserver.Config{Names: names, Key: key})
		},
	}
	cmd.Flags().IntVar(&port, "port", 0, "port to listen on (0: any free one)")
	cmd.Flags().StringVar(&spec, "model", spec, "mock model: mock, mock:oracle, mock:acc=0.62,seed=7, with latency= and faults")
	cmd.Flags().StringArrayVar(&names, "name", nil, "serve the model by this name only (repeatable)")
	cmd.Flags().StringVar(&keyEnv, "api-key-env", "", "want the key that this environment variable holds")
	k.register(cmd.Flags(), false)
	return cmd
}

func (a *app) mockServer(ctx context.Context, k *asks, port int, spec string, cfg mockserver.Config) error {
	model, err := mock.Parse(spec)
	if err != nil {
		return asUsage(err)
	}
	if model.NeedsAnswers() && len(k.tasks) == 0 {
		return usage("mock-server --model %s needs the tasks whose answers it should know: add -t SPEC", spec)
	}
	cfg.Model = model
	if len(k.tasks) > 0 {
		index := mockserver.NewIndex()
		if err := a.renderAll(ctx, k, index); err != nil {
			return err
		}
		cfg.Lookup = index.Lookup
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return usage("mock-server: %w", err)
	}
	srv := &http.Server{Handler: mockserver.New(cfg), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		stopped <- srv.Shutdown(end)
	}()
	if _, err := fmt.Fprintf(a.Stdout, "http://%s/v1\n", l.Addr()); err != nil {
		return err
	}
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	// Being stopped is how a server ends; what hung until then is cut off.
	if err := <-stopped; err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// renderAll tells the index every request of the tasks.
func (a *app) renderAll(ctx context.Context, k *asks, index *mockserver.Index) error {
	_, sel, err := a.selection(ctx, k.selected())
	if err != nil {
		return err
	}
	l := a.loader(false)
	for i := range sel.Tasks {
		s := &sel.Tasks[i]
		p, err := l.Prepare(ctx, s.Label, s.Spec, &s.Task, nil)
		if err != nil {
			return asUsage(err)
		}
		for it, err := range p.Items(ctx) {
			if err != nil {
				return asUsage(err)
			}
			in, req, err := p.Request(it)
			if err != nil {
				return asUsage(err)
			}
			req.Origin = &eval.Origin{Task: p.Task, Instance: in, Digest: p.ItemDigest(it.Index)}
			index.Add(req)
		}
	}
	return nil
}
