//go:build race

package main

// share of the data sets: the race detector slows arithmetic by ten.
const share = 0.02
