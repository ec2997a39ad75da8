package blob

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"

	"olmoeval/internal/fetch/web"
)

// A download goes on where it broke off, and only if the object is the same.
func TestS3Range(t *testing.T) {
	ctx := context.Background()
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	b, err := NewS3(S3Config{Endpoint: server.URL, Region: "us-east-1", AccessKey: "k", SecretKey: "s", Retry: web.Retry{Tries: 2, Wait: time.Millisecond}}, "bucket")
	if err != nil {
		t.Fatal(err)
	}
	put := func(content string) {
		t.Helper()
		_, err := b.core.Client.PutObject(ctx, "bucket", "rows.jsonl", strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{DisableContentSha256: true})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("0123456789")
	found, err := b.Stat(ctx, "rows.jsonl")
	if err != nil || found.Size != 10 || !strings.HasPrefix(found.Sum, "md5:") {
		t.Fatalf("%+v, %v", found, err)
	}
	for offset, want := range map[int64]string{0: "0123456789", 4: "456789"} {
		body, begin, err := b.Get(ctx, found, offset)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(body)
		body.Close()
		if err != nil || begin != offset || string(got) != want {
			t.Errorf("from %d: %q from %d, %v", offset, got, begin, err)
		}
	}
}
