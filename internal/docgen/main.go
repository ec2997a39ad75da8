// Command docgen writes docs/benchmarks.md from the catalogue:
//
//	go run ./internal/docgen [FILE]
//
// A test checks that the committed file is what it would write.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"olmoeval/benchmarks"
	"olmoeval/catalog"
	"olmoeval/metric"
)

func main() {
	file := filepath.Join("docs", "benchmarks.md")
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	page, err := render()
	if err == nil {
		err = os.WriteFile(file, page, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// render is the whole page.
func render() ([]byte, error) {
	c, err := theCatalog()
	if err != nil {
		return nil, err
	}
	families, err := familiesOf(c)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	writeIntro(&b, c, families)
	for _, f := range families {
		f.write(&b)
	}
	if err := writeSuites(&b, c); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func theCatalog() (*catalog.Catalog, error) { return catalog.New(metric.ByID, benchmarks.All()) }
