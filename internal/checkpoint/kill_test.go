package checkpoint

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"olmoeval/internal/fetch/access"
)

// TestMain lets a test run itself as a process that downloads until it is
// killed.
func TestMain(m *testing.M) {
	if endpoint := os.Getenv("CHECKPOINT_TEST_ENDPOINT"); endpoint != "" {
		dir := os.Getenv("CHECKPOINT_TEST_DIR")
		_, err := Resolve(ctx, Ref{Place: Hub, Path: "org/m"}, Options{Access: access.Access{HFHome: dir, HFEndpoint: endpoint}})
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A process that is killed leaves neither a lock nor half a file, and the next
// goes on where it was.
func TestKill(t *testing.T) {
	f := newHub(t)
	f.add("org/m", model())
	dir := t.TempDir()
	big := "model-00001-of-00002.safetensors"
	killed := make(chan struct{}) // closed here
	f.set(func() {
		f.cut = func(name string, body []byte, send func([]byte)) bool {
			if name != big {
				send(body)
				return false
			}
			send(body[:100_000])
			<-killed
			return true
		}
	})
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHECKPOINT_TEST_ENDPOINT="+f.hub.URL, "CHECKPOINT_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(dir, "hub", "models--org--m", "blobs", shaSum(model()[big])+".incomplete")
	deadline := time.Now().Add(time.Minute)
	for {
		if st, err := os.Stat(part); err == nil && st.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the process downloads nothing")
		}
		time.Sleep(time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed, which is an error
	close(killed)
	f.set(func() { f.cut = nil })
	f.asked()
	o := f.options(t.TempDir())
	o.Access.HFHome = dir
	c, err := Resolve(ctx, mustRef(t, "org/m"), o)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, c, model())
	resumed := false
	for _, a := range f.asked() {
		resumed = resumed || strings.HasPrefix(a, "CONTENT "+big+" bytes=")
	}
	if !resumed {
		t.Error("the file was begun anew")
	}
}
