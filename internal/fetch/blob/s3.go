package blob

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"olmoeval/internal/fetch/web"
)

// S3Config says how to reach an S3 server.
type S3Config struct {
	Endpoint, Region                   string
	AccessKey, SecretKey, SessionToken string
	CredentialsFile, Profile           string
	HTTP                               *http.Client
	Retry                              web.Retry
}

// S3 is a bucket of an S3 server.
type S3 struct {
	core   minio.Core
	retry  web.Retry
	bucket string
	signed bool
}

var _ Bucket = (*S3)(nil)

// NewS3 makes a bucket; it asks nothing yet.
func NewS3(c S3Config, bucket string) (*S3, error) {
	host, secure := "s3.amazonaws.com", true
	if c.Endpoint != "" {
		address := c.Endpoint
		if !strings.Contains(address, "://") {
			address = "https://" + address
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" {
			return nil, fmt.Errorf("S3 endpoint %q: want http://HOST[:PORT] or https://HOST[:PORT]", web.Bare(address))
		}
		host, secure = u.Host, u.Scheme != "http"
	}
	creds := credentials.NewChainCredentials([]credentials.Provider{
		&credentials.FileAWSCredentials{Filename: c.CredentialsFile, Profile: c.Profile},
	})
	switch {
	case c.AccessKey != "":
		creds = credentials.NewStaticV4(c.AccessKey, c.SecretKey, c.SessionToken)
	case c.CredentialsFile == "":
		creds = credentials.NewStatic("", "", "", credentials.SignatureAnonymous)
	}
	// One attempt each: the retries are ours.
	opts := &minio.Options{Creds: creds, Secure: secure, Region: c.Region, MaxRetries: 1}
	if c.HTTP != nil {
		opts.Transport = c.HTTP.Transport
	}
	core, err := minio.NewCore(host, opts)
	if err != nil {
		return nil, fmt.Errorf("S3 endpoint %q: %w", host, err)
	}
	value, err := creds.GetWithContext(&credentials.CredContext{Client: http.DefaultClient})
	signed := err == nil && value.SignerType != credentials.SignatureAnonymous
	return &S3{core: *core, retry: c.Retry, bucket: bucket, signed: signed}, nil
}

var plainMD5 = regexp.MustCompile(`^[0-9a-f]{32}$`)

func (s *S3) object(info minio.ObjectInfo) Object {
	o := Object{URL: "s3://" + s.bucket + "/" + info.Key, Version: info.ETag, Size: info.Size}
	o.Name = o.URL
	return o
}

// Stat asks for an object's metadata. Its ETag is the content's MD5 where it
// was put in one piece and is not encrypted with a key of its own; else the
// store may have another checksum of the whole.
func (s *S3) Stat(ctx context.Context, key string) (o Object, err error) {
	err = s.retry.Do(ctx, func() error {
		info, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{Checksum: true})
		if err != nil {
			return s.explain(key, err)
		}
		info.Key = key
		o = s.object(info)
		if plainMD5.MatchString(info.ETag) && !ownKey(info.Metadata) {
			o.Sum = "md5:" + info.ETag
		} else if info.ChecksumMode != "COMPOSITE" {
			o.Sum = checksum(info)
		}
		return nil
	})
	return o, err
}

// checksum is what the store was told of the whole content when it was put;
// "" if it was told nothing, or of parts alone.
func checksum(info minio.ObjectInfo) string {
	for _, c := range []struct {
		kind, value string
		bytes       int
	}{{"sha256", info.ChecksumSHA256, 32}, {"crc64nvme", info.ChecksumCRC64NVME, 8}, {"crc32c", info.ChecksumCRC32C, 4}} {
		if sum, err := base64.StdEncoding.DecodeString(c.value); err == nil && len(sum) == c.bytes {
			return c.kind + ":" + hex.EncodeToString(sum)
		}
	}
	return ""
}

func ownKey(h http.Header) bool {
	for k, v := range h {
		if strings.HasPrefix(k, "X-Amz-Server-Side-Encryption") && (len(v) != 1 || v[0] != "AES256" || strings.Contains(k, "Customer")) {
			return true
		}
	}
	return false
}

// List lists objects by prefix.
func (s *S3) List(ctx context.Context, prefix string) (map[string]Object, error) {
	var out map[string]Object
	err := s.retry.Do(ctx, func() error {
		out = map[string]Object{}
		inner, cancel := context.WithCancel(ctx)
		defer cancel() // ends the lister
		for info := range s.core.Client.ListObjects(inner, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if info.Err != nil {
				return s.explain(prefix, info.Err)
			}
			if !strings.HasSuffix(info.Key, "/") {
				info.ETag = strings.Trim(info.ETag, `"`)
				out[info.Key] = s.object(info)
			}
		}
		return ctx.Err()
	})
	return out, err
}

// Get asks for a range, on condition that the object is still the same.
func (s *S3) Get(ctx context.Context, o Object, offset int64) (io.ReadCloser, int64, error) {
	key := strings.TrimPrefix(o.URL, "s3://"+s.bucket+"/")
	var opts minio.GetObjectOptions
	if o.Version != "" {
		if err := opts.SetMatchETag(o.Version); err != nil {
			return nil, 0, web.Final(err)
		}
	}
	if offset > 0 {
		if err := opts.SetRange(offset, 0); err != nil {
			return nil, 0, web.Final(err)
		}
	}
	body, _, header, err := s.core.GetObject(ctx, s.bucket, key, opts)
	if err != nil {
		return nil, 0, s.explain(key, err)
	}
	if offset > 0 && !strings.HasPrefix(header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset)) {
		offset = 0
	}
	return body, offset, nil
}

// explain makes of the library's errors ours, which say what to do and whether
// to try again.
func (s *S3) explain(key string, err error) error {
	var resp minio.ErrorResponse
	if !errors.As(err, &resp) {
		return &web.NetworkError{Err: fmt.Errorf("s3 %s: %w", s.bucket, err)}
	}
	status := &web.StatusError{URL: "s3://" + s.bucket + "/" + key, Code: resp.StatusCode, Reason: resp.Message, Header: http.Header{}}
	switch {
	case resp.StatusCode == 0: // the answer was not understood
		return web.Final(fmt.Errorf("%s: %s", status.URL, resp.Message))
	case resp.Code == "NoSuchBucket":
		return web.Final(fmt.Errorf("no bucket %q at the endpoint (S3_ENDPOINT_URL, AWS_REGION)", s.bucket))
	case resp.StatusCode == http.StatusNotFound:
		return web.Final(fmt.Errorf("%w: %w", ErrNotFound, status))
	case resp.StatusCode == http.StatusPreconditionFailed:
		return web.Final(fmt.Errorf("the object changed while it was read; try again: %w", status))
	case resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusUnauthorized:
		if s.signed {
			return web.Final(fmt.Errorf("access refused to the credentials in use: %w", status))
		}
		return web.Final(fmt.Errorf("access refused; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", status))
	}
	return status
}
