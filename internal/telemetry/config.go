package telemetry

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config says where to send. The zero value sends nowhere.
type Config struct {
	// Traces and Metrics are URLs; "" sends none.
	Traces, Metrics string
	// Headers go with both, and may hold keys.
	TraceHeaders, MetricHeaders map[string]string
	Timeout                     time.Duration // of one message; 0 means 10 s
	Every                       time.Duration // between metrics; 0 means 60 s
	// Resource describes the process: service.name and the like.
	Resource map[string]string

	// Client and Sleep stand in for the network and the clock in tests.
	Client *http.Client
	Sleep  func(time.Duration)
	linger time.Duration // 0 means lingering
}

// On reports whether anything is sent.
func (c *Config) On() bool { return c.Traces != "" || c.Metrics != "" }

// FromEnv reads OpenTelemetry's own environment variables; endpoint, if not "",
// is a base URL that stands in for OTEL_EXPORTER_OTLP_ENDPOINT and its kin.
// Without either, nothing is sent.
func FromEnv(getenv func(string) string, endpoint string) (Config, error) {
	c := Config{Resource: map[string]string{"service.name": "olmo-eval"}}
	asked := endpoint != ""
	if getenv("OTEL_SDK_DISABLED") == "true" && !asked {
		return c, nil
	}
	if asked {
		c.Traces, c.Metrics = join(endpoint, "v1/traces"), join(endpoint, "v1/metrics")
	} else {
		if base := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"); base != "" {
			c.Traces, c.Metrics = join(base, "v1/traces"), join(base, "v1/metrics")
		}
		if u := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"); u != "" {
			c.Traces = u
		}
		if u := getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"); u != "" {
			c.Metrics = u
		}
		if p := getenv("OTEL_EXPORTER_OTLP_PROTOCOL"); c.On() && p == "grpc" {
			return Config{}, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=grpc: this program sends OTLP over HTTP; name the collector's HTTP port, such as --otlp http://127.0.0.1:4318")
		}
	}
	if getenv("OTEL_TRACES_EXPORTER") == "none" {
		c.Traces = ""
	}
	if getenv("OTEL_METRICS_EXPORTER") == "none" {
		c.Metrics = ""
	}
	for _, u := range []string{c.Traces, c.Metrics} {
		if err := checkURL(u); err != nil {
			return Config{}, err
		}
	}
	return c, c.rest(getenv)
}

// rest reads what is not about where to send.
func (c *Config) rest(getenv func(string) string) error {
	var err error
	if c.TraceHeaders, err = headers(getenv, "OTEL_EXPORTER_OTLP_TRACES_HEADERS"); err != nil {
		return err
	}
	if c.MetricHeaders, err = headers(getenv, "OTEL_EXPORTER_OTLP_METRICS_HEADERS"); err != nil {
		return err
	}
	if c.Timeout, err = millis(getenv, "OTEL_EXPORTER_OTLP_TIMEOUT"); err != nil {
		return err
	}
	if c.Every, err = millis(getenv, "OTEL_METRIC_EXPORT_INTERVAL"); err != nil {
		return err
	}
	more, err := pairs("OTEL_RESOURCE_ATTRIBUTES", getenv("OTEL_RESOURCE_ATTRIBUTES"))
	for k, v := range more {
		c.Resource[k] = v
	}
	if name := getenv("OTEL_SERVICE_NAME"); name != "" {
		c.Resource["service.name"] = name
	}
	return err
}

func join(base, path string) string { return strings.TrimRight(base, "/") + "/" + path }

func checkURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("OTLP endpoint: want http://HOST:4318 or https://HOST") // the text may hold a key
	}
	return nil
}

// headers are those of a signal, over those of all.
func headers(getenv func(string) string, own string) (map[string]string, error) {
	out, err := pairs("OTEL_EXPORTER_OTLP_HEADERS", getenv("OTEL_EXPORTER_OTLP_HEADERS"))
	if err != nil {
		return nil, err
	}
	more, err := pairs(own, getenv(own))
	for k, v := range more {
		out[k] = v
	}
	return out, err
}

// pairs reads k=v,k=v with URL-encoded values. Errors name no value.
func pairs(name, text string) (map[string]string, error) {
	out := map[string]string{}
	for i, p := range strings.Split(text, ",") {
		if strings.TrimSpace(p) == "" {
			continue
		}
		k, v, ok := strings.Cut(p, "=")
		value, err := url.PathUnescape(strings.TrimSpace(v))
		if k = strings.TrimSpace(k); !ok || k == "" || err != nil {
			return nil, fmt.Errorf("%s: part %d is not KEY=VALUE", name, i+1)
		}
		out[k] = value
	}
	return out, nil
}

func millis(getenv func(string) string, name string) (time.Duration, error) {
	text := getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s=%s: want milliseconds", name, text)
	}
	return time.Duration(n) * time.Millisecond, nil
}
