//go:build llamacpp

package llamacpp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
	"github.com/hybridgroup/yzma/pkg/llama"
	"github.com/hybridgroup/yzma/pkg/loader"
	"github.com/jupiterrider/ffi"

	"olmoeval/eval"
)

// library is llama.cpp in this process: there can be one.
type library struct {
	dir          string
	tokenizeFunc ffi.Fun

	mu   sync.Mutex
	told []string // its last complaints
}

// process holds the library once it is loaded, for the life of the process:
// the binding keeps its functions in variables of its own.
var process struct {
	sync.Mutex
	*library
}

// useLibrary loads the libraries of a folder, or returns those loaded.
func useLibrary(dir string) (*library, error) {
	process.Lock()
	defer process.Unlock()
	if lib := process.library; lib != nil {
		if lib.dir != dir {
			return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("llamacpp: libraries of %s are loaded already, not those of %s", lib.dir, dir)}
		}
		return lib, nil
	}
	lib := &library{dir: dir}
	if err := lib.load(); err != nil {
		return nil, &eval.Fault{Status: eval.ConfigError, Abort: true, Err: fmt.Errorf("llamacpp: libraries in %s: %w", dir, err),
			Hint: fmt.Sprintf("use those of %s@%s", libraryPackage(), LibraryVersion)}
	}
	process.library = lib
	return lib, nil
}

// load opens the libraries by their plain names. Packages name them with a
// version, so links to all are put in a folder of their own, which is needed
// only while they are loaded.
func (lib *library) load() error {
	dir, err := os.MkdirTemp("", "olmo-eval-llama-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	entries, err := os.ReadDir(lib.dir)
	if err != nil {
		return err
	}
	names := libraryNames(lib.dir)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "lib") {
			if err := os.Symlink(filepath.Join(lib.dir, e.Name()), filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for bare, file := range names {
		if plain := libraryFile(bare); plain != file {
			if err := os.Symlink(filepath.Join(lib.dir, file), filepath.Join(dir, plain)); err != nil {
				return err
			}
		}
	}
	if err := llama.Load(dir); err != nil {
		return err
	}
	llama.LogSet(purego.NewCallback(lib.log))
	if err := layouts(); err != nil {
		return err
	}
	own, err := loader.LoadLibrary(dir, "llama")
	if err != nil {
		return err
	}
	if lib.tokenizeFunc, err = own.Prep("llama_tokenize", &ffi.TypeSint32, &ffi.TypePointer, &ffi.TypePointer, &ffi.TypeSint32,
		&ffi.TypePointer, &ffi.TypeSint32, &ffi.TypeUint8, &ffi.TypeUint8); err != nil {
		return err
	}
	llama.Init()
	if llama.GGMLBackendDeviceCount() == 0 {
		return fmt.Errorf("no device to compute on: libggml-cpu is missing%s", lib.suffix())
	}
	return nil
}

// layouts compares structures that the library fills with what they should
// hold: those of another version are shifted.
func layouts() error {
	c, m := llama.ContextDefaultParams(), llama.ModelDefaultParams()
	if c.NCtx != 512 || c.NBatch != 2048 || c.NUbatch != 512 || c.NSeqMax != 1 || c.YarnBetaFast != 32 && c.YarnBetaFast != -1 ||
		c.OpOffload > 1 || c.KVUnified > 1 || c.CtxOther != 0 || c.Samplers != 0 || c.TypeK != llama.GGMLTypeF16 || c.TypeV != llama.GGMLTypeF16 ||
		m.VocabOnly != 0 || m.UseExtraBufts > 1 || m.KvOverrides != 0 {
		return fmt.Errorf("their structures are not those of llama.cpp %s", libraryRelease)
	}
	return nil
}

// log keeps complaints; the library writes nothing itself.
func (lib *library) log(level int32, text *byte, _ uintptr) uintptr {
	if level != int32(llama.LogLevelError) && level != int32(llama.LogLevelWarn) || text == nil {
		return 0
	}
	n := 0
	for n < 1000 && *(*byte)(unsafe.Add(unsafe.Pointer(text), n)) != 0 {
		n++
	}
	line := strings.TrimSpace(string(unsafe.Slice(text, n)))
	lib.mu.Lock()
	defer lib.mu.Unlock()
	if line != "" && level == int32(llama.LogLevelError) {
		lib.told = append(lib.told, line)
		lib.told = lib.told[max(0, len(lib.told)-4):]
	}
	return 0
}

// forget drops complaints of before.
func (lib *library) forget() {
	lib.mu.Lock()
	defer lib.mu.Unlock()
	lib.told = nil
}

// said is the first of the complaints, or else err.
func (lib *library) said(err error) string {
	lib.mu.Lock()
	defer lib.mu.Unlock()
	if len(lib.told) > 0 {
		return lib.told[0]
	}
	if err == nil {
		return "it does not say why"
	}
	return err.Error()
}

func (lib *library) suffix() string {
	if s := lib.said(nil); len(lib.told) > 0 {
		return ": " + s
	}
	return ""
}

// tokenize gives the tokens of any text, one with NUL bytes too.
func (lib *library) tokenize(vocab llama.Vocab, text string) ([]token, error) {
	if text == "" {
		return nil, nil
	}
	b := []byte(text)
	var (
		p             = unsafe.SliceData(b)
		size          = int32(len(b))
		ids           = make([]token, len(b)+8)
		no, yes uint8 = 0, 1
		result  ffi.Arg
	)
	for range 2 {
		out, room := unsafe.SliceData(ids), int32(len(ids))
		lib.tokenizeFunc.Call(unsafe.Pointer(&result), unsafe.Pointer(&vocab), unsafe.Pointer(&p), &size,
			unsafe.Pointer(&out), &room, &no, &yes)
		n := int32(result)
		if n >= 0 {
			return ids[:n:n], nil
		}
		if n == -1<<31 {
			break
		}
		ids = make([]token, -n)
	}
	return nil, bad("a text of %d bytes is too long for the tokenizer", len(text))
}
