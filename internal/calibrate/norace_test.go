//go:build !race

package main

// share of the data sets.
const share = 0.1
