package cli

import "github.com/spf13/cobra"

// commands are all commands, in the order help lists them.
func (a *app) commands() []*cobra.Command {
	return a.completable([]*cobra.Command{
		a.runCommand(),
		a.ctlCommand(),
		a.runsCommand(),
		a.showCommand(),
		a.perfCommand(),
		a.instancesCommand(),
		a.compareCommand(),
		a.flipsCommand(),
		a.rescoreCommand(),
		a.mergeCommand(),
		a.modelsCommand(),
		a.demoCommand(),
		a.tasksCommand(),
		a.taskCommand(),
		a.suitesCommand(),
		a.suiteCommand(),
		a.scoreCommand(),
		a.mockServerCommand(),
		a.dataCommand(),
		a.cacheCommand(),
		a.doctorCommand(),
		a.completionCommand(),
		a.versionCommand(),
	})
}
