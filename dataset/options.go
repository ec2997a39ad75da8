package dataset

import (
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"olmoeval/internal/fetch/access"
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

// S3 says how to reach s3:// addresses: Endpoint (a server's address, "" is
// AWS), Region, AccessKey, SecretKey, SessionToken, or CredentialsFile and
// Profile, AWS's shared file and a section of it. Without any of them requests
// are not signed, which public buckets allow.
type S3 = access.S3

// GCS says how to reach gs:// addresses: public objects, or whatever the bearer
// token in Token opens. Endpoint is https://storage.googleapis.com if "".
type GCS = access.GCS

// Secret is a text that is not printed; its Reveal method is the text itself.
type Secret = access.Secret

// OptionsFromEnv reads OLMO_EVAL_MIRROR; HF_HOME, HF_HUB_CACHE, HF_ENDPOINT,
// HF_TOKEN (else the token file of HF_TOKEN_PATH or HF_HOME), HF_HUB_OFFLINE;
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION,
// AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, S3_ENDPOINT_URL (or AWS's own
// names for it); STORAGE_EMULATOR_HOST and GOOGLE_OAUTH_ACCESS_TOKEN. They
// mean what they mean to the tools they come from.
func OptionsFromEnv(getenv func(string) string) Options {
	a := access.FromEnv(getenv)
	return Options{
		Mirror:   strings.TrimSpace(getenv("OLMO_EVAL_MIRROR")),
		CacheDir: a.CacheDir, HFHome: a.HFHome, HFCache: a.HFCache, HFEndpoint: a.HFEndpoint, HFToken: a.HFToken,
		Offline: a.Offline, S3: a.S3, GCS: a.GCS,
	}
}

// access is what of the options the downloads need.
func (o Options) access() access.Access {
	return access.Access{
		CacheDir: o.CacheDir, HFHome: o.HFHome, HFCache: o.HFCache, HFEndpoint: o.HFEndpoint, HFToken: o.HFToken,
		Offline: o.Offline, S3: o.S3, GCS: o.GCS,
	}
}
