package openai

import (
	"encoding/json"
	"math"
	"testing"

	"olmoeval/internal/provider/httpapi"
)

func FuzzReadTail(f *testing.F) {
	f.Add([]byte(`[null,{"5":{"logprob":-1,"rank":1,"decoded_token":"a"}},{"7":{"logprob":-2},"8":{"logprob":-1}}]`), 1)
	f.Add([]byte(`[null,{"5":{"logprob":null}},{}]`), 1)
	f.Fuzz(func(t *testing.T, b []byte, from int) {
		got, err := readTail(b, []int{3, 5, 7}, max(0, min(from, 2)), true)
		if err == nil && (!json.Valid(b) || math.IsNaN(got.sum) || math.IsInf(got.sum, 0) && got.tokens == 1) {
			t.Errorf("%q: %+v", b, got)
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"choices":[{"index":0,"text":"x","logprobs":{"tokens":["a"],"token_logprobs":[-1],"top_logprobs":[{"a":-1}],"text_offset":[0]}}],"usage":{"prompt_tokens":1}}`))
	f.Add([]byte(`{"choices":[{"index":0,"message":{"content":[{"text":"x"}],"tool_calls":[{"function":{"arguments":{}}}]},"logprobs":{"content":[{"token":"\u00e9","logprob":-1}]}}]}`))
	f.Add([]byte(`{"error":{"message":"x"}}`))
	c, err := New(Config{BaseURLs: []string{"http://h"}, Model: "m"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var rep reply
		if httpapi.Decode(b, &rep) != nil || rep.check(1) != nil {
			return
		}
		for _, chat := range []bool{false, true} {
			out, err := c.output(&rep.Choices[0], chat, nil)
			if err == nil && out.Loglik != nil && (math.IsNaN(out.Loglik.Sum) || math.IsInf(out.Loglik.Sum, 0)) {
				t.Errorf("%q: %+v", b, out.Loglik)
			}
		}
	})
}
