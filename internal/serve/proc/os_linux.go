package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const prSetChildSubreaper = 36

// becomeSubreaper makes this process the parent of descendants whose own
// parents end.
func becomeSubreaper() {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
}

func deathSignal(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	a.Pdeathsig = syscall.SIGKILL
	return a
}

// stat are the fields of /proc/PID/stat after the name: state, parent, group,
// session …; nil if there is no such process.
func stat(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	s := string(b)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	if len(f) < 20 {
		return nil
	}
	return f
}

// startOf is in ticks since the machine started.
func startOf(pid int) string {
	if f := stat(pid); f != nil {
		return f[19]
	}
	return ""
}

func zombie(pid int) bool {
	f := stat(pid)
	return f != nil && (f[0] == "Z" || f[0] == "X")
}

func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

// pids are all processes.
func pids() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var out []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// descendants are the processes below one that have not ended.
func descendants(root int) []int {
	children := map[int][]int{}
	ended := map[int]bool{}
	for _, pid := range pids() {
		if f := stat(pid); f != nil {
			parent, _ := strconv.Atoi(f[1])
			children[parent] = append(children[parent], pid)
			ended[pid] = f[0] == "Z" || f[0] == "X"
		}
	}
	var out []int
	for queue := []int{root}; len(queue) > 0; queue = queue[1:] {
		for _, c := range children[queue[0]] {
			queue = append(queue, c)
			if !ended[c] {
				out = append(out, c)
			}
		}
	}
	return out
}

// leftovers are the processes of a record: those with its mark in their
// environment, and those of the server's session whose environment was written
// over, as programs do that set their own title. A session's number is not
// given to another while one of its processes lives.
func leftovers(rec record) []ident {
	mark := []byte(marker + "=" + rec.ID)
	var out []ident
	for _, pid := range pids() {
		f := stat(pid)
		if f == nil || f[0] == "Z" || f[0] == "X" || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		if err != nil {
			continue // another user's, or gone
		}
		ours := false
		readable := false
		for entry := range bytes.SplitSeq(env, []byte{0}) {
			ours = ours || bytes.Equal(entry, mark)
			readable = readable || bytes.HasPrefix(entry, []byte("PATH="))
		}
		session := rec.Server.PID > 0 && f[3] == strconv.Itoa(rec.Server.PID)
		if ours || session && !readable {
			out = append(out, ident{pid, f[19]})
		}
	}
	return out
}
