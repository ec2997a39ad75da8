package llamacpp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"olmoeval/eval"
)

// The libraries that the binding was made for: other versions have other
// structures.
const (
	LibraryVersion = "3.22.1"
	libraryRelease = "v0.5.0" // of llama.cpp, in the files' names
)

// LibraryEnv names the environment variable that says where the libraries are.
const LibraryEnv = "OLMO_EVAL_LLAMA_LIB"

// libraryPackage is the npm package that holds the libraries for this machine.
func libraryPackage() string {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	switch {
	case runtime.GOOS == "darwin" && arch == "arm64":
		return "@node-llama-cpp/mac-arm64-metal"
	case runtime.GOOS == "darwin":
		return "@node-llama-cpp/mac-x64"
	}
	return "@node-llama-cpp/linux-" + arch
}

// Libraries finds the folder with llama.cpp's libraries: dir where it is given,
// else $OLMO_EVAL_LLAMA_LIB, else node_modules beside the program, in the
// working directory and in the user's home, and in the cache folder
// olmo-eval/llama. The folder may hold the libraries themselves, or be the one
// in which the npm package was installed.
func Libraries(dir string, getenv func(string) string) (string, error) {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	how := fmt.Sprintf("type: npm install --prefix ~/.cache/olmo-eval/llama %s@%s", libraryPackage(), LibraryVersion)
	for _, given := range []struct{ what, dir string }{{"lib_dir", dir}, {LibraryEnv, getenv(LibraryEnv)}} {
		if given.dir == "" {
			continue
		}
		if found := libraryIn(given.dir); found != "" {
			return found, nil
		}
		return "", &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: how,
			Err: fmt.Errorf("llamacpp: %s=%s: no %s there", given.what, given.dir, libraryFile("llama"))}
	}
	var places []string
	if exe, err := os.Executable(); err == nil {
		places = append(places, filepath.Dir(exe))
	}
	places = append(places, ".")
	if home := getenv("HOME"); home != "" {
		cache := getenv("XDG_CACHE_HOME")
		if cache == "" {
			cache = filepath.Join(home, ".cache")
		}
		places = append(places, filepath.Join(cache, "olmo-eval", "llama"), home)
	}
	for _, p := range places {
		if found := libraryIn(p); found != "" {
			return found, nil
		}
	}
	return "", &eval.Fault{Status: eval.ConfigError, Abort: true, Hint: how,
		Err: errors.New("llamacpp: llama.cpp's libraries are not installed, or lie elsewhere than $" + LibraryEnv + " says")}
}

// libraryIn is the folder with the libraries in or under dir, "" if there is
// none.
func libraryIn(dir string) string {
	pkg := filepath.FromSlash(libraryPackage())
	bins := filepath.Join("bins", filepath.Base(pkg))
	for _, sub := range []string{".", bins, filepath.Join(pkg, bins), filepath.Join("node_modules", pkg, bins)} {
		d := filepath.Join(dir, sub)
		if len(libraryNames(d)["llama"]) > 0 {
			if abs, err := filepath.Abs(d); err == nil {
				return abs
			}
		}
	}
	return ""
}

// libraryFile is a library's plain file name.
func libraryFile(name string) string {
	if runtime.GOOS == "darwin" {
		return "lib" + name + ".dylib"
	}
	return "lib" + name + ".so"
}

// libraryNames lists the libraries of a folder by their bare names: llama for
// libllama.so and libllama.v0.5.0.so alike.
func libraryNames(dir string) map[string]string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name(), "lib")
		ext := filepath.Ext(libraryFile(""))
		if !ok || !strings.HasSuffix(name, ext) {
			continue
		}
		name = strings.TrimSuffix(name, ext)
		if bare, _, versioned := strings.Cut(name, ".v"); !versioned {
			out[name] = e.Name()
		} else if out[bare] == "" {
			out[bare] = e.Name()
		}
	}
	return out
}
