package cli

import (
	"path/filepath"

	"olmoeval/internal/config"
)

type projectState struct {
	p   *config.Project
	err error
}

// findProject reads the nearest olmo-eval.yaml, once.
func (a *app) findProject() (*config.Project, error) {
	if a.project == nil {
		p, err := config.FindProject(a.Dir)
		a.project = &projectState{p, asUsage(err)}
	}
	return a.project.p, a.project.err
}

// abs makes a path absolute, relative to the working directory.
func (a *app) abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.Dir, path)
}
