package exec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Environment is a list of KEY=VALUE that does not print, as there are secrets
// among the values.
type Environment []string

// String is how many variables there are.
func (e Environment) String() string { return fmt.Sprintf("%d variables", len(e)) }

// GoString keeps %#v from printing them.
func (e Environment) GoString() string { return e.String() }

// MarshalText keeps encoders from writing them.
func (e Environment) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// environment is what the processes get of environ: all but what looks like a
// secret and is not named. The values of those named are returned too, as they
// must not be shown.
func environment(environ Environment, named []string) (env, secrets []string, err error) {
	env = []string{} // nil would mean all of it
	found := map[string]bool{}
	for _, kv := range environ {
		name, value, ok := strings.Cut(kv, "=")
		if !ok || name == "" {
			continue
		}
		found[name] = true
		if looksSecret(name, value) {
			if !slices.Contains(named, name) {
				continue
			}
			if len(value) >= 6 {
				secrets = append(secrets, value)
			}
		}
		env = append(env, kv)
	}
	for _, name := range named {
		if !found[name] {
			return nil, nil, fmt.Errorf("exec: env names %s, which is not set; export it", name)
		}
	}
	return env, secrets, nil
}

// secretWords are parts of names, between underscores.
var secretWords = []string{"SECRET", "SECRETS", "TOKEN", "KEY", "APIKEY", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS"}

// urlPassword is a password in a URL.
var urlPassword = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`://[^/@\s]*:[^/@\s]+@`) })

func looksSecret(name, value string) bool {
	name = strings.ToUpper(name)
	if slices.ContainsFunc(strings.Split(name, "_"), func(w string) bool { return slices.Contains(secretWords, w) }) {
		return true
	}
	// A proxy's password is needed to reach anything through it.
	return strings.Contains(value, "://") && !strings.HasSuffix(name, "_PROXY") && urlPassword().MatchString(value)
}

// redact takes secrets out of what a process wrote.
func (p *Provider) redact(text string) string {
	for _, s := range p.secrets {
		text = strings.ReplaceAll(text, s, "***")
	}
	return text
}
