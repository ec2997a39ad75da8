package benchmarks

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"olmoeval/internal/pyrand"
)

var update = flag.Bool("update", false, "write the generated data anew")

// draw makes numbers and words for one problem.
type draw struct{ *pyrand.Random }

func (d draw) in(lo, hi int) int { return int(d.RandInt(int64(lo), int64(hi))) }

func (d draw) of(words string) string {
	list := strings.Fields(words)
	return list[d.Choice(len(list))]
}

func (d draw) name() string {
	return d.of("Ada Bruno Chen Dilara Emil Farah Gustav Hana Ivo Jasmin Karim Lotte")
}

// two different names.
func (d draw) names() (string, string) {
	a, b := d.name(), d.name()
	for a == b {
		b = d.name()
	}
	return a, b
}

// problems are the kinds of word problem; each returns the text, the steps to
// the answer and the answer.
var problems = []func(d draw) (question, steps string, answer int){
	func(d draw) (string, string, int) {
		a, b, c := d.in(12, 60), d.in(3, 11), d.in(5, 30)
		n := d.name()
		return fmt.Sprintf("%s has %d marbles, gives %d away and then finds %d more. How many marbles does %s have now?", n, a, b, c, n),
			fmt.Sprintf("%d - %d = %d. %d + %d = %d.", a, b, a-b, a-b, c, a-b+c), a - b + c
	},
	func(d draw) (string, string, int) {
		boxes, each, eaten := d.in(3, 9), d.in(6, 15), d.in(4, 17)
		return fmt.Sprintf("A baker fills %d boxes with %d rolls each. %d rolls are sold. How many rolls are left?", boxes, each, eaten),
			fmt.Sprintf("%d * %d = %d. %d - %d = %d.", boxes, each, boxes*each, boxes*each, eaten, boxes*each-eaten), boxes*each - eaten
	},
	func(d draw) (string, string, int) {
		people, each := d.in(3, 9), d.in(4, 25)
		return fmt.Sprintf("%d friends share a bill of %d euros equally. How many euros does each of them pay?", people, people*each),
			fmt.Sprintf("%d / %d = %d.", people*each, people, each), each
	},
	func(d draw) (string, string, int) {
		speed, hours, rest := d.in(6, 24)*5, d.in(2, 6), d.in(10, 90)
		return fmt.Sprintf("A train travels at %d kilometres an hour for %d hours and then another %d kilometres. How many kilometres is that in all?", speed, hours, rest),
			fmt.Sprintf("%d * %d = %d. %d + %d = %d.", speed, hours, speed*hours, speed*hours, rest, speed*hours+rest), speed*hours + rest
	},
	func(d draw) (string, string, int) {
		price, count := d.in(3, 14), d.in(2, 6)
		paid := (price*count/10 + 1 + d.in(0, 2)) * 10
		n := d.name()
		return fmt.Sprintf("%s buys %d notebooks at %d dollars each and pays with %d dollars. How many dollars does %s get back?", n, count, price, paid, n),
			fmt.Sprintf("%d * %d = %d. %d - %d = %d.", count, price, count*price, paid, count*price, paid-count*price), paid - count*price
	},
	func(d draw) (string, string, int) {
		a, b := d.names()
		young, gap, years := d.in(5, 14), d.in(2, 9), d.in(2, 12)
		return fmt.Sprintf("%s is %d years old. %s is %d years older. How old will %s be in %d years?", a, young, b, gap, b, years),
			fmt.Sprintf("%d + %d = %d. %d + %d = %d.", young, gap, young+gap, young+gap, years, young+gap+years), young + gap + years
	},
	func(d draw) (string, string, int) {
		long, wide := d.in(5, 20), d.in(3, 12)
		return fmt.Sprintf("A garden is %d metres long and %d metres wide. How many metres of fence go all the way round it?", long, wide),
			fmt.Sprintf("%d + %d = %d. 2 * %d = %d.", long, wide, long+wide, long+wide, 2*(long+wide)), 2 * (long + wide)
	},
	func(d draw) (string, string, int) {
		half, spent := d.in(10, 45), d.in(3, 9)
		n := d.name()
		return fmt.Sprintf("%s saved %d coins, spent half of them on a game and then %d on a drink. How many coins are left?", n, 2*half, spent),
			fmt.Sprintf("%d / 2 = %d. %d - %d = %d.", 2*half, half, half, spent, half-spent), half - spent
	},
	func(d draw) (string, string, int) {
		per, days, goal := d.in(7, 22), d.in(3, 9), d.in(20, 80)
		goal += per * days
		n := d.name()
		return fmt.Sprintf("A book has %d pages. %s reads %d pages a day for %d days. How many pages remain to be read?", goal, n, per, days),
			fmt.Sprintf("%d * %d = %d. %d - %d = %d.", per, days, per*days, goal, per*days, goal-per*days), goal - per*days
	},
	func(d draw) (string, string, int) {
		rows, seats, empty := d.in(6, 15), d.in(8, 20), d.in(5, 40)
		return fmt.Sprintf("A theatre has %d rows of %d seats. On one evening %d seats stay empty. How many people have a seat?", rows, seats, empty),
			fmt.Sprintf("%d * %d = %d. %d - %d = %d.", rows, seats, rows*seats, rows*seats, empty, rows*seats-empty), rows*seats - empty
	},
	func(d draw) (string, string, int) {
		cars, bikes := d.in(4, 18), d.in(5, 20)
		return fmt.Sprintf("There are %d cars and %d bicycles in a yard. Each car has four wheels and each bicycle two. How many wheels are there?", cars, bikes),
			fmt.Sprintf("%d * 4 = %d. %d * 2 = %d. %d + %d = %d.", cars, 4*cars, bikes, 2*bikes, 4*cars, 2*bikes, 4*cars+2*bikes), 4*cars + 2*bikes
	},
	func(d draw) (string, string, int) {
		base, percent := d.in(2, 15)*20, d.in(1, 9)*10
		if percent == 50 {
			percent = 25
		}
		off := base * percent / 100
		return fmt.Sprintf("A coat costs %d dollars. In the sale it is %d percent cheaper. What is its price in the sale, in dollars?", base, percent),
			fmt.Sprintf("%d percent of %d is %d. %d - %d = %d.", percent, base, off, base, off, base-off), base - off
	},
	func(d draw) (string, string, int) {
		fill, leak, minutes := d.in(9, 25), d.in(2, 7), d.in(5, 15)
		return fmt.Sprintf("A tap fills an empty tank with %d litres a minute while %d litres a minute leak out. How many litres are in the tank after %d minutes?", fill, leak, minutes),
			fmt.Sprintf("%d - %d = %d. %d * %d = %d.", fill, leak, fill-leak, fill-leak, minutes, (fill-leak)*minutes), (fill - leak) * minutes
	},
	func(d draw) (string, string, int) {
		a, b := d.names()
		first, times := d.in(6, 30), d.in(2, 5)
		return fmt.Sprintf("%s picks %d apples. %s picks %d times as many. How many apples do they pick together?", a, first, b, times),
			fmt.Sprintf("%d * %d = %d. %d + %d = %d.", first, times, first*times, first, first*times, first+first*times), first + first*times
	},
}

// TestDemoArithmetic holds the committed problems against their generator.
func TestDemoArithmetic(t *testing.T) {
	const file, rounds = "data/demo_arithmetic.jsonl", 6
	d := draw{pyrand.New(11)}
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	seen := map[string]bool{}
	for round := range rounds {
		for kind, make := range problems {
			q, steps, n := make(d)
			for seen[q] {
				q, steps, n = make(d)
			}
			seen[q] = true
			row := struct {
				ID       string `json:"id"`
				Kind     int    `json:"kind"`
				Question string `json:"question"`
				Steps    string `json:"steps"`
				Answer   int    `json:"answer"`
			}{fmt.Sprintf("arithmetic-%03d", round*len(problems)+kind+1), kind, q, steps, n}
			if n <= 0 {
				t.Errorf("%s: answer %d", row.ID, n)
			}
			if err := enc.Encode(row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if *update {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what the generator makes; run: go test ./benchmarks -run TestDemoArithmetic -update", file)
	}
}
