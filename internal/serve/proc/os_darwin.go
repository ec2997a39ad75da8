package proc

import (
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func becomeSubreaper() {}

func deathSignal(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }

// startOf is in microseconds since 1970.
func startOf(pid int) string {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(k.Proc.P_pid) != pid {
		return ""
	}
	t := k.Proc.P_starttime
	return strconv.FormatInt(t.Sec*1e6+int64(t.Usec), 10)
}

const stateZombie = 5 // SZOMB of <sys/proc.h>

func zombie(pid int) bool {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	return err == nil && k.Proc.P_stat == stateZombie
}

func bootID() string {
	t, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return ""
	}
	return strconv.FormatInt(t.Sec, 10)
}

// descendants cannot be followed here: the process group is all that is ended.
func descendants(int) []int { return nil }

// leftovers are the processes of the server's group, as long as the server
// itself is known to be the one of the record.
func leftovers(rec record) []ident {
	if rec.Server.PID <= 0 || rec.Server.Start != "" && !rec.Server.alive() {
		return nil
	}
	group, err := unix.SysctlKinfoProcSlice("kern.proc.pgrp", rec.Server.PID)
	if err != nil {
		return nil
	}
	var out []ident
	for _, k := range group {
		if pid := int(k.Proc.P_pid); k.Proc.P_stat != stateZombie {
			out = append(out, identify(pid))
		}
	}
	return out
}
