package bedrock

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The credentials, the time and the signatures are those of the cases with the
// same names in AWS's published test suite for Signature Version 4.
func TestSignatures(t *testing.T) {
	s := &signer{id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "us-east-1", service: "service"}
	now := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, c := range []struct {
		name, method, path, query, body string
		header                          http.Header
		signed, signature               string
	}{
		{"get-vanilla", "GET", "/", "", "", nil, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"post-vanilla", "POST", "/", "", "", nil, "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", "", nil, "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "", nil, "host;x-amz-date", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-utf8", "GET", "/ሴ", "", "", nil, "host;x-amz-date", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{"get-space", "GET", "/example space/", "", "", nil, "host;x-amz-date", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{"get-header-key-duplicate", "GET", "/", "", "", http.Header{"My-Header1": {"value2", "value2", "value1"}}, "host;my-header1;x-amz-date", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
		{"get-header-value-trim", "GET", "/", "", "", http.Header{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}, "host;my-header1;my-header2;x-amz-date", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{"post-x-www-form-urlencoded", "POST", "/", "", "Param1=value1", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	} {
		r := &http.Request{Method: c.method, Host: "example.amazonaws.com", URL: &url.URL{RawQuery: c.query}, Header: http.Header{"User-Agent": {"any"}}}
		for k, v := range c.header {
			r.Header[k] = v
		}
		s.sign(r, c.path, []byte(c.body), now)
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=" + c.signed + ", Signature=" + c.signature
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("%s: %s\nwant %s", c.name, got, want)
		}
	}
}

// TestSignatureOfACall is that of the address of a call, of which AWS escapes
// the path once more. The signatures were computed with botocore 1.43.11.
func TestSignatureOfACall(t *testing.T) {
	for model, want := range map[string]string{
		"us.anthropic.claude-3-5-sonnet-20240620-v1:0":                             "6e3cbc0c9e0c40ef3f1ee7f4e26d3d2a3d6c3823d1b7f15795ea96c3018ef6f2",
		"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc": "cf794c9f0898ddacd526f6f7ec1be2f7b9325f3170594c9f71a3689dcd9e7ee8",
	} {
		cfg := Config{Model: model, Region: "us-east-1"}
		u, err := cfg.converse()
		if err != nil {
			t.Fatal(err)
		}
		s := &signer{id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token: "session/token=", region: "us-east-1", service: "bedrock"}
		r := &http.Request{Method: "POST", Host: u.Host, URL: u, Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}}
		s.sign(r, u.EscapedPath(), []byte(`{"messages":[]}`), time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC))
		got := r.Header.Get("Authorization")
		if !strings.HasSuffix(got, "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature="+want) || r.Header.Get("X-Amz-Security-Token") != "session/token=" {
			t.Errorf("%s: %s, want the signature %s", model, got, want)
		}
	}
}
