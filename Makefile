# Everything a developer types. `make check` is what CI runs.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X olmoeval/internal/cli.version=$(VERSION)
LINT    := $(shell $(GO) env GOPATH)/bin/golangci-lint

.PHONY: build llamacpp test-llamacpp demo test check lint bench calibrate fuzz dist clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o olmo-eval ./cmd/olmo-eval

# The same with models in the process (docs/llamacpp.md): no C compiler either,
# but a dynamic linker when it starts.
LLAMACPP := -tags llamacpp
llamacpp:
	CGO_ENABLED=0 $(GO) build $(LLAMACPP) -trimpath -ldflags '$(LDFLAGS)' -o olmo-eval ./cmd/olmo-eval

# Needs llama.cpp's libraries; tests that lack something say so and skip.
test-llamacpp:
	@$(GO) test -json $(LLAMACPP) ./internal/provider/llamacpp/... | $(GO) run ./internal/testsum

demo:
	$(GO) run ./cmd/olmo-eval demo

# Skips are counted, with their reasons.
test:
	@$(GO) test -json ./... | $(GO) run ./internal/testsum

# The linter's version is fixed, so that a new one does not break an old tree.
LINT_VERSION := v2.15.0
$(LINT):
	$(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

lint: $(LINT)
	$(LINT) run ./...
	$(LINT) run --build-tags llamacpp ./internal/provider/llamacpp/...

check: lint
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) vet $(LLAMACPP) ./internal/provider/llamacpp/...
	@$(GO) test -race -json ./... | $(GO) run ./internal/testsum

# Claims of speed and memory, as ratios and figures of one run.
bench: build
	$(GO) run ./internal/bench -bin ./olmo-eval
	$(GO) test -run '^$$' -bench 'Scoring$$' -benchtime 3x ./internal/mockserver | grep '^Bench'
	$(GO) test -run '^$$' -bench 'Catalog$$|ReadGSM8K|ComparePaired|CompareMillion|Matrix' ./internal/conformance ./benchmarks ./internal/stats | grep '^Bench'

# The statistics against what they claim, by simulation: the table of
# docs/statistics.md, in about a minute and a half on one core.
calibrate:
	@$(GO) run ./internal/calibrate

# Each parser's fuzz target for a little while.
FUZZTIME ?= 10s
fuzz:
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

dist:
	@for t in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64; do \
	  out=dist/olmo-eval-$$(echo $$t | tr / -); echo $$out; \
	  CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $$out ./cmd/olmo-eval || exit 1; \
	done
	CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) build $(LLAMACPP) -trimpath -ldflags '$(LDFLAGS)' -o dist/olmo-eval-linux-amd64-llamacpp ./cmd/olmo-eval

clean:
	rm -rf dist olmo-eval
