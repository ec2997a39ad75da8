package cli

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"olmoeval/internal/journal"
)

// Version is set when a release is built.
var version = "dev"

// program says what runs where.
func program() journal.Program {
	host, _ := os.Hostname() // only for the record
	p := journal.Program{Version: version, Host: host, Go: runtime.Version(), OS: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.NumCPU()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				p.Revision = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					p.Revision += "+changes"
				}
			}
		}
	}
	return p
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the program's version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p := program()
			if a.global.json {
				return a.printJSON(p)
			}
			_, err := fmt.Fprintf(a.Stdout, "olmo-eval %s %s %s %s\n", p.Version, p.Revision, p.Go, p.OS)
			return err
		},
	}
}
