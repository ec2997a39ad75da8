package jinja

// expr is an expression.
type expr interface {
	eval(r *run, s *scope) (any, error)
}

// stmt is text or a tag.
type stmt interface {
	exec(r *run, s *scope) error
}

// at is a place in the source.
type at struct{ line int }

type (
	constant struct{ value any }
	name     struct {
		at
		name string
	}
	listNode struct {
		items []expr
		tuple bool
	}
	dictNode struct {
		at
		keys, values []expr
	}
	attrNode struct {
		at
		of   expr
		name string
	}
	itemNode struct {
		at
		of, key expr
	}
	sliceNode struct{ from, to, step expr } // nil where left out
	callNode  struct {
		at
		of   expr
		args arguments
	}
	filterNode struct {
		at
		of   expr // nil in a filter block
		name string
		args arguments
	}
	testNode struct {
		at
		of   expr
		name string
		args arguments
	}
	unaryNode struct {
		at
		op string
		of expr
	}
	binaryNode struct {
		at
		op          string
		left, right expr
	}
	// compareNode is a < b < c: each neighbouring pair must hold.
	compareNode struct {
		at
		first expr
		ops   []string
		rest  []expr
	}
	logicNode struct {
		and         bool
		left, right expr
	}
	condNode struct{ test, yes, no expr } // no may be nil
)

// arguments are those of a call.
type arguments struct {
	positional []expr
	names      []string
	named      []expr
	star       expr // *args
	starStar   expr // **kwargs
}

type (
	textStmt   struct{ text string }
	printStmt  struct{ what expr }
	blockStmts []stmt
	ifStmt     struct {
		tests  []expr
		bodies []blockStmts
		no     blockStmts
	}
	forStmt struct {
		at
		target    target
		over      expr
		filter    expr // may be nil
		body, no  blockStmts
		recursive bool
	}
	setStmt struct {
		at
		target target
		value  expr // nil: the body is
		filter expr // of a body; may be nil
		body   blockStmts
	}
	withStmt struct {
		at
		targets []target
		values  []expr
		body    blockStmts
	}
	macroStmt struct {
		at
		name     string
		params   []string
		defaults []expr // of the last parameters
		body     blockStmts
		rest     bool // takes more than its parameters
	}
	callStmt struct {
		at
		call *callNode
		body *macroStmt
	}
	filterStmt struct {
		at
		filter expr
		body   blockStmts
	}
	jumpStmt       struct{ jump error }
	generationStmt struct{ body blockStmts }
)

// target is what is assigned to: a name, an attribute of a namespace, or
// several.
type target struct {
	at
	name  string
	attr  string
	parts []target
}
