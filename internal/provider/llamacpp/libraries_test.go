package llamacpp

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"olmoeval/eval"
)

func TestLibraries(t *testing.T) {
	root := t.TempDir()
	put := func(dir, file string) string {
		full := filepath.Join(root, filepath.FromSlash(dir))
		if err := os.MkdirAll(full, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(full, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	pkg := libraryPackage()
	bins := "bins/" + pkg[strings.IndexByte(pkg, '/')+1:]
	plain := libraryFile("llama")
	versioned := strings.Replace(plain, "llama", "llama."+libraryRelease, 1)
	npm := put("npm/node_modules/"+pkg+"/"+bins, versioned)
	flat := put("flat", plain)
	cached := put("home/.cache/olmo-eval/llama/node_modules/"+pkg+"/"+bins, versioned)
	put("other", libraryFile("ggml"))
	env := func(pairs ...string) func(string) string {
		return func(key string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == key {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	in := func(dir string) string { return filepath.Join(root, dir) }
	for name, c := range map[string]struct {
		dir    string
		getenv func(string) string
		want   string
	}{
		"npm's folder":        {in("npm"), nil, npm},
		"node_modules":        {in("npm/node_modules"), nil, npm},
		"the folder itself":   {npm, nil, npm},
		"plain names":         {in("flat"), nil, flat},
		"the environment":     {"", env(LibraryEnv, in("flat")), flat},
		"given goes first":    {in("npm"), env(LibraryEnv, in("flat")), npm},
		"the cache":           {"", env("HOME", in("home")), cached},
		"no llama there":      {in("other"), env("HOME", in("home")), ""},
		"wrong environment":   {"", env(LibraryEnv, in("none"), "HOME", in("home")), ""},
		"nothing is anywhere": {"", env("HOME", in("other")), ""},
	} {
		got, err := Libraries(c.dir, c.getenv)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
		}
		if f := eval.FaultOf(err); err != nil && (!f.Abort || !strings.Contains(f.Hint, pkg+"@"+LibraryVersion)) {
			t.Errorf("%s: hint %q", name, f.Hint)
		}
	}
	names := libraryNames(npm)
	if names["llama"] != versioned {
		t.Errorf("%v", names)
	}
}
