package dataset

import (
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Options say where data comes from. The zero value reads local files and
// public addresses, and caches nothing: sources that must be downloaded need a
// cache directory.
type Options struct {
	// Mirror is a directory with an index.json; what it holds is served from it
	// and looked for nowhere else.
	Mirror string
	// CacheDir keeps what s3://, gs://, https:// and commands gave.
	CacheDir string
	// HFHome is Hugging Face's home; HFCache its hub cache, HFHome/hub if "".
	HFHome, HFCache string
	// HFEndpoint is the hub, https://huggingface.co if "".
	HFEndpoint string
	HFToken    Secret
	// Published is the address of the tree that few-shot sets and texts were
	// published in; "" is that of the pinned commit.
	Published string
	// Offline uses caches only.
	Offline bool
	S3      S3
	GCS     GCS
	// Bundled holds the files of bundled:NAME sources.
	Bundled fs.FS
	// HTTP is used for all requests; nil means one of our own.
	HTTP *http.Client
	// Log gets warnings; nil drops them.
	Log *slog.Logger
}

// S3 says how to reach s3:// addresses. Without keys the shared credentials
// file is read, and without that requests are not signed, which public buckets
// allow.
type S3 struct {
	// Endpoint is a server's address, with or without scheme; "" is AWS.
	Endpoint, Region string
	AccessKey        string
	SecretKey        Secret
	SessionToken     Secret
	// CredentialsFile and Profile are AWS's shared file and a section of it.
	CredentialsFile, Profile string
}

// GCS says how to reach gs:// addresses: public objects, or whatever a bearer
// token opens.
type GCS struct {
	// Endpoint is https://storage.googleapis.com if "".
	Endpoint string
	Token    Secret
}

// Secret is a text that is not printed.
type Secret string

// Reveal is the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String is ***, or "" if there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString keeps the secret out of %#v.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText keeps the secret out of JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue keeps the secret out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// OptionsFromEnv reads OLMO_EVAL_MIRROR; HF_HOME, HF_HUB_CACHE, HF_ENDPOINT,
// HF_TOKEN (else the token file of HF_TOKEN_PATH or HF_HOME), HF_HUB_OFFLINE;
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION,
// AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, S3_ENDPOINT_URL (or AWS's own
// names for it); STORAGE_EMULATOR_HOST and GOOGLE_OAUTH_ACCESS_TOKEN. They
// mean what they mean to the tools they come from.
func OptionsFromEnv(getenv func(string) string) Options {
	first := func(names ...string) string {
		for _, n := range names {
			if v := strings.TrimSpace(getenv(n)); v != "" {
				return v
			}
		}
		return ""
	}
	cache := first("XDG_CACHE_HOME")
	home := first("HOME")
	if cache == "" && home != "" {
		cache = filepath.Join(home, ".cache")
	}
	under := func(dir string, elem ...string) string {
		if dir == "" {
			return ""
		}
		return filepath.Join(append([]string{dir}, elem...)...)
	}
	o := Options{
		Mirror:     first("OLMO_EVAL_MIRROR"),
		CacheDir:   under(cache, "olmo-eval"),
		HFHome:     first("HF_HOME"),
		HFCache:    first("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"),
		HFEndpoint: first("HF_ENDPOINT"),
		HFToken:    Secret(first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")),
		S3: S3{
			Endpoint:        first("S3_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
			Region:          first("AWS_REGION", "AWS_DEFAULT_REGION"),
			AccessKey:       first("AWS_ACCESS_KEY_ID"),
			SecretKey:       Secret(first("AWS_SECRET_ACCESS_KEY")),
			SessionToken:    Secret(first("AWS_SESSION_TOKEN")),
			CredentialsFile: first("AWS_SHARED_CREDENTIALS_FILE"),
			Profile:         first("AWS_PROFILE"),
		},
		GCS: GCS{Endpoint: first("STORAGE_EMULATOR_HOST"), Token: Secret(first("GOOGLE_OAUTH_ACCESS_TOKEN"))},
	}
	if o.HFHome == "" {
		o.HFHome = under(cache, "huggingface")
	}
	if o.S3.CredentialsFile == "" {
		o.S3.CredentialsFile = under(home, ".aws", "credentials")
	}
	if o.HFToken == "" {
		file := first("HF_TOKEN_PATH")
		if file == "" {
			file = under(o.HFHome, "token")
		}
		if b, err := os.ReadFile(file); err == nil {
			o.HFToken = Secret(strings.TrimSpace(string(b)))
		}
	}
	switch strings.ToUpper(first("HF_HUB_OFFLINE")) {
	case "1", "ON", "YES", "TRUE":
		o.Offline = true
	}
	return o
}
