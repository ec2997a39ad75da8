module olmoeval

go 1.26.0
