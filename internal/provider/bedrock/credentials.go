package bedrock

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"olmoeval/internal/provider/httpapi"
)

// Credentials are who sends: a Bedrock key, or a pair of keys with the token of
// a session that they may need.
type Credentials struct {
	Bearer          httpapi.Secret `json:"bearer,omitempty"`
	AccessKeyID     string         `json:"access_key_id,omitempty"`
	SecretAccessKey httpapi.Secret `json:"secret_access_key,omitempty"`
	SessionToken    httpapi.Secret `json:"session_token,omitempty"`
	// Region is the one set beside the credentials, "" if none is.
	Region string `json:"region,omitempty"`
}

func (c *Credentials) present() bool {
	return c.Bearer != "" || c.AccessKeyID != "" && c.SecretAccessKey != ""
}

// FromEnvironment finds credentials as AWS's own tools do: a Bedrock key in
// AWS_BEARER_TOKEN_BEDROCK, keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN, else those of the profile AWS_PROFILE (default) in
// ~/.aws/credentials and ~/.aws/config. The region is AWS_REGION,
// AWS_DEFAULT_REGION, or the profile's. Finding none is no error: [Config]
// says so.
func FromEnvironment(getenv func(string) string) (Credentials, error) {
	c := Credentials{Bearer: httpapi.Secret(getenv("AWS_BEARER_TOKEN_BEDROCK")), Region: first(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"))}
	if c.Bearer == "" {
		c.AccessKeyID = getenv("AWS_ACCESS_KEY_ID")
		c.SecretAccessKey = httpapi.Secret(getenv("AWS_SECRET_ACCESS_KEY"))
		c.SessionToken = httpapi.Secret(getenv("AWS_SESSION_TOKEN"))
	}
	if c.present() && c.Region != "" {
		return c, nil
	}
	profile := first(getenv("AWS_PROFILE"), "default")
	home := getenv("HOME")
	found := map[string]string{}
	for _, f := range []struct{ path, section string }{
		{first(getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config")), configSection(profile)},
		{first(getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")), profile},
	} {
		if err := readSection(f.path, f.section, found); err != nil {
			return c, err
		}
	}
	c.Region = first(c.Region, found["region"])
	if c.present() {
		return c, nil
	}
	c.AccessKeyID, c.SecretAccessKey = found["aws_access_key_id"], httpapi.Secret(found["aws_secret_access_key"])
	c.SessionToken = httpapi.Secret(found["aws_session_token"])
	if !c.present() {
		for _, key := range []string{"sso_session", "sso_start_url", "role_arn", "credential_process"} {
			if found[key] != "" {
				return c, fmt.Errorf("bedrock: profile %q gets its credentials by %s; type: eval \"$(aws configure export-credentials --profile %s --format env)\"",
					profile, key, profile)
			}
		}
	}
	return c, nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// configSection is what a profile is called in AWS's config file.
func configSection(profile string) string {
	if profile == "default" {
		return profile
	}
	return "profile " + profile
}

// readSection adds the settings of one section of a file to found; a file that
// is not there has none.
func readSection(path, section string, found map[string]string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("bedrock: %w", err)
	}
	defer f.Close()
	inside := false
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			inside = strings.Join(strings.Fields(name), " ") == section
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if inside && ok && line[0] != '#' && line[0] != ';' {
			found[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("bedrock: %s: %w", path, err)
	}
	return nil
}
