// Package access says where downloads come from, with which credentials, and
// where they are kept. Call [FromEnv], then [Access.Hub] for a client of the
// Hugging Face hub and [Access.Bucket] for an object store.
package access

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"olmoeval/internal/fetch/blob"
	"olmoeval/internal/fetch/hub"
	"olmoeval/internal/fetch/web"
)

// Access is what a download needs besides its address. The zero value reaches
// public places and keeps nothing.
type Access struct {
	// CacheDir is our own cache, "" for none.
	CacheDir string
	// HFHome is Hugging Face's home; HFCache its hub cache, HFHome/hub if "".
	HFHome, HFCache string
	// HFEndpoint is the hub, https://huggingface.co if "".
	HFEndpoint string
	HFToken    Secret
	// Offline uses caches only.
	Offline bool
	S3      S3
	GCS     GCS
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

// Hub is a client for one kind of repository. What it remembers of the lists
// of files is in CacheDir.
func (a Access) Hub(w *web.Client, kind hub.Kind, log *slog.Logger) (*hub.Client, error) {
	dir := a.HFCache
	if dir == "" && a.HFHome != "" {
		dir = filepath.Join(a.HFHome, "hub")
	}
	if dir == "" {
		return nil, errors.New("no Hugging Face cache directory: set HF_HOME")
	}
	listings := ""
	if a.CacheDir != "" {
		listings = filepath.Join(a.CacheDir, "hub")
	}
	return &hub.Client{
		Web: w, Kind: kind, Endpoint: a.HFEndpoint, Token: a.HFToken.Reveal(),
		Dir: dir, Listings: listings, Offline: a.Offline, Log: log,
	}, nil
}

// Bucket is the store that an s3://BUCKET/KEY or gs://BUCKET/KEY address is in,
// and the key there. hc may be nil.
func (a Access) Bucket(w *web.Client, hc *http.Client, address string) (b blob.Bucket, key string, err error) {
	scheme, rest, _ := strings.Cut(address, "://")
	name, key, _ := strings.Cut(rest, "/")
	if name == "" || scheme != "s3" && scheme != "gs" {
		return nil, "", fmt.Errorf("want %s://BUCKET/KEY", scheme)
	}
	if scheme == "gs" {
		return blob.GCS{Web: w, Endpoint: a.GCS.Endpoint, Token: a.GCS.Token.Reveal(), Bucket: name}, key, nil
	}
	c := a.S3
	b, err = blob.NewS3(blob.S3Config{
		Endpoint: c.Endpoint, Region: c.Region,
		AccessKey: c.AccessKey, SecretKey: c.SecretKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
		CredentialsFile: c.CredentialsFile, Profile: c.Profile,
		HTTP: hc, Retry: w.Retry,
	}, name)
	return b, key, err
}

// FromEnv reads XDG_CACHE_HOME; HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN
// (else the token file of HF_TOKEN_PATH or HF_HOME), HF_HUB_OFFLINE;
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION,
// AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, S3_ENDPOINT_URL (or AWS's own
// names for it); STORAGE_EMULATOR_HOST and GOOGLE_OAUTH_ACCESS_TOKEN. They
// mean what they mean to the tools they come from.
func FromEnv(getenv func(string) string) Access {
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
	a := Access{
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
	if a.HFHome == "" {
		a.HFHome = under(cache, "huggingface")
	}
	if a.S3.CredentialsFile == "" {
		a.S3.CredentialsFile = under(home, ".aws", "credentials")
	}
	if a.HFToken == "" {
		file := first("HF_TOKEN_PATH")
		if file == "" {
			file = under(a.HFHome, "token")
		}
		if b, err := os.ReadFile(file); err == nil {
			a.HFToken = Secret(strings.TrimSpace(string(b)))
		}
	}
	switch strings.ToUpper(first("HF_HUB_OFFLINE")) {
	case "1", "ON", "YES", "TRUE":
		a.Offline = true
	}
	return a
}
