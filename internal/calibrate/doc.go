// Program calibrate holds the statistics to what they claim, by simulation: data
// sets are made in which the truth is known, and it is counted how often tests
// reject a true hypothesis, how often intervals hold the truth, how often a
// difference of the stated size is found. `make calibrate` runs all of it and
// prints the table that docs/statistics.md has; a rate outside its bounds is
// marked and makes the exit status 1. The package's test runs a small part.
//
// Every study draws from a stream of its own, so that the numbers are the same
// whatever runs beside it.
package main
