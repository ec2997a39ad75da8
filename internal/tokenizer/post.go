package tokenizer

import "fmt"

// postFile is a post-processor as files give it.
type postFile struct {
	Type       string     `json:"type"`
	Processors []postFile `json:"processors"`
	// of TemplateProcessing
	Single        []templatePart          `json:"single"`
	SpecialTokens map[string]templateText `json:"special_tokens"`
	// of BertProcessing and RobertaProcessing: text and id
	Sep tokenAndID `json:"sep"`
	Cls tokenAndID `json:"cls"`
}

type templatePart struct {
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID string `json:"id"`
	} `json:"Sequence"`
}

type templateText struct {
	IDs []int `json:"ids"`
}

// around are the ids that are put before and after a text.
type around struct{ before, after []int }

// newAround is what a post-processor adds to one text.
func newAround(f *postFile) (around, error) {
	switch f.Type {
	case "ByteLevel":
		return around{}, nil
	case "Sequence":
		var a around
		for i := range f.Processors {
			next, err := newAround(&f.Processors[i])
			if err != nil {
				return a, err
			}
			a = around{append(next.before, a.before...), append(a.after, next.after...)}
		}
		return a, nil
	case "BertProcessing", "RobertaProcessing":
		return around{[]int{f.Cls.id}, []int{f.Sep.id}}, nil
	case "TemplateProcessing":
		return f.template()
	}
	return around{}, fmt.Errorf("post-processor %q is not supported", f.Type)
}

func (f *postFile) template() (a around, err error) {
	texts := 0
	for _, p := range f.Single {
		switch {
		case p.Sequence != nil:
			texts++
		case p.SpecialToken != nil:
			ids, ok := f.SpecialTokens[p.SpecialToken.ID]
			if !ok {
				return a, fmt.Errorf("post-processor TemplateProcessing: special_tokens lacks %q", p.SpecialToken.ID)
			}
			if texts == 0 {
				a.before = append(a.before, ids.IDs...)
			} else {
				a.after = append(a.after, ids.IDs...)
			}
		}
	}
	if texts != 1 {
		return a, fmt.Errorf("post-processor TemplateProcessing: single has the text %d times, want once", texts)
	}
	return a, nil
}
