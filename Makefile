# make build   the programs, into bin/
# make demo    the whole way against a stand-in for AWS; needs only Go
# make test    all tests that need only Go
# make dashboards  writes the dashboard and the rules; RUNBOOK=URL of your runbook
# make check   formatting, vet, staticcheck, tidiness, the plan of the house
# CONTRIBUTING.md has the others.

GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.1
FUZZTIME    ?= 30s
KILLS       ?= 200
CRASHTESTS  ?= .
RUNBOOK     ?=
# The commit goes into the programs, whatever GOFLAGS says, where git answers here.
BUILDVCS    := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)

.PHONY: build demo test test-race test-peers test-crash test-dashboards test-dashboards-live test-browser test-deploy test-deploy-all dashboards check bench bench-pace fuzz clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=$(BUILDVCS) -o bin/ ./cmd/...

demo: build
	./bin/sandbox demo

# The tests against foreign servers are test-peers'. Many tests of the programs wait, so
# more run at once than there are cores.
test:
	RELOCK_PEERS=off $(GO) test -parallel 8 $(TESTFLAGS) ./...

test-race:
	$(MAKE) test TESTFLAGS=-race

check:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt would change:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags crash ./internal/crash
	$(GO) run $(STATICCHECK) ./...
	$(GO) mod tidy -diff
	$(GO) fix -diff ./...
	$(GO) test ./internal/house

test-peers:
	./test/peers/run

# KILLS is for each set-up.
test-crash:
	$(GO) test -tags crash -count=1 -v -timeout 60m -run '$(CRASHTESTS)' ./internal/crash -args -kills $(KILLS)

dashboards:
	$(GO) run ./internal/dashboard/generate $(if $(RUNBOOK),-runbook $(RUNBOOK))
	$(GO) test -count=1 ./internal/deploy -run PrometheusRule -update

# promtool is in Debian's package prometheus.
test-dashboards:
	RELOCK_PROMTOOL=required $(GO) test -count=1 ./internal/dashboard/...

# Chromium and node are in Debian's packages chromium and nodejs.
test-browser:
	GO=$(GO) ./test/chromium/run

# A real Prometheus, six to ten minutes of faults.
test-dashboards-live:
	./test/dashboards/run

# What is in deploy/, as far as it is quick. A part that is missing fails.
test-deploy:
	./test/deploy/terraform quick
	./test/deploy/kubernetes
	./test/deploy/systemd
	./test/deploy/release

# Also apply, a job and destroy against moto; the image, which needs root, built
# and run; and goreleaser's snapshot.
test-deploy-all: test-deploy
	./test/deploy/terraform
	./test/deploy/image
	./test/deploy/release full

# On two cores with nothing else running; BENCHFLAGS=-long adds the long lists.
bench: build
	$(GO) run ./internal/bench -bin bin $(BENCHFLAGS)

bench-pace:
	$(GO) run ./internal/pace/benchpace -o docs/pace

fuzz:
	@set -e; for f in $$(grep -rl --include='*_test.go' '^func Fuzz' internal); do \
	  for n in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9]*\).*/\1/p' $$f); do \
	    echo "$$n in $$(dirname $$f)"; \
	    $(GO) test -run '^$$' -fuzz "^$$n\$$" -fuzztime $(FUZZTIME) ./$$(dirname $$f); \
	  done; done

clean:
	rm -rf bin .cache
