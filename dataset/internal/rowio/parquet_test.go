package rowio

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func BenchmarkParquet(b *testing.B) {
	type row struct {
		Question string   `parquet:"question"`
		Choices  []string `parquet:"choices,list"`
		Answer   *int64   `parquet:"answer,optional"`
		Score    float64  `parquet:"score"`
	}
	file := filepath.Join(b.TempDir(), "rows.parquet")
	rows := make([]row, 50_000)
	for i := range rows {
		n := int64(i)
		rows[i] = row{"How many clips did she sell altogether in April and May?", []string{"a", "b", "c", "d"}, &n, 0.5}
	}
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	w := parquet.NewGenericWriter[row](f, parquet.Compression(&parquet.Zstd))
	if _, err := w.Write(rows); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	f.Close()
	for b.Loop() {
		if err := drain(Input{Name: file, Path: file}.Rows(context.Background(), nil)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(rows)*b.N)/b.Elapsed().Seconds(), "rows/s")
}
