//go:build !linux

package child

import "syscall"

// attributes put the child into a group of its own. It ends with this program
// when it sees its stdin closed.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitExit cannot be done here without reaping.
func awaitExit(int) bool { return false }
