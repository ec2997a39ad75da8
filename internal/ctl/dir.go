package ctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// longest is how long the path of a socket may be on any system we run on.
const longest = 103

// idRoom is what the path must have left for "/", a run's id with a shard's
// number, ".sock" and newSuffix.
const idRoom = 1 + 36 + 8 + 5 + 4

// newSuffix is of a socket that does not answer yet.
const newSuffix = ".new"

// Dir is the directory of this user's sockets, made if need be: olmo-eval in
// $XDG_RUNTIME_DIR, else olmo-eval-UID in the folder of temporary files. It
// refuses one that is not the user's own.
func Dir(getenv func(string) string) (string, error) {
	mine := "olmo-eval-" + strconv.Itoa(os.Getuid())
	tries := []string{filepath.Join(os.TempDir(), mine), filepath.Join("/tmp", mine)}
	if x := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(x) {
		if info, err := os.Stat(x); err == nil && info.IsDir() {
			tries = slices.Insert(tries, 0, filepath.Join(x, "olmo-eval"))
		}
	}
	for _, dir := range tries {
		if len(dir)+idRoom > longest {
			continue
		}
		return dir, own(dir)
	}
	return "", errors.New("no folder with a path short enough for sockets; set XDG_RUNTIME_DIR to one")
}

// own makes dir for this user alone, or checks that it is.
func own(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the folder of control sockets: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("the folder of control sockets: %w", err)
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(sys.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a folder of this user; remove it, or set XDG_RUNTIME_DIR", dir)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("the folder of control sockets: %w", err)
		}
	}
	return nil
}

// socket is the path of a run's socket.
func socket(dir, id string) (string, error) {
	if id == "" || strings.ContainsAny(id, "/\\\x00") || id[0] == '.' {
		return "", fmt.Errorf("run id %q: not a name that a socket can have", id)
	}
	path := filepath.Join(dir, id+".sock")
	if len(path)+len(newSuffix) > longest {
		return "", fmt.Errorf("the path of the control socket is too long: %s; set XDG_RUNTIME_DIR to a shorter folder", path)
	}
	return path, nil
}

// Live lists the ids of runs that answer in dir, sorted. Sockets that nobody
// listens on any more are removed.
func Live(ctx context.Context, dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(escape(dir), "*.sock"))
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, path := range names {
		if stale(ctx, path) {
			continue
		}
		ids = append(ids, strings.TrimSuffix(filepath.Base(path), ".sock"))
	}
	slices.Sort(ids)
	return ids, nil
}

func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

// stale reports whether nobody listens on a socket, and removes it then.
func stale(ctx context.Context, path string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err == nil {
		return conn.Close() != nil
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return os.Remove(path) == nil
	}
	return errors.Is(err, fs.ErrNotExist)
}
