package tokenizer

import (
	"testing"
)

// FuzzParse: no file makes a panic or an endless loop, and what opens encodes.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"added_tokens":[{"id":1,"content":"<s>","lstrip":true}],"normalizer":{"type":"NFKC"},
		"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(?i:'s)|\\p{L}++|[^a&&[^b]]"},"behavior":"MergedWithNext"},
		"decoder":{"type":"ByteFallback"},"model":{"type":"BPE","vocab":{"a":0,"b":2},"merges":[],"byte_fallback":true}}`))
	f.Add([]byte(`{"pre_tokenizer":{"type":"Metaspace"},"model":{"type":"Unigram","unk_id":0,"vocab":[["a",-1]]}}`))
	f.Add([]byte(`{"normalizer":{"type":"BertNormalizer"},"model":{"type":"WordPiece","unk_token":"a","vocab":{"a":0}}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		tok, err := Parse(file, file)
		if err != nil {
			return
		}
		for _, text := range []string{"a b", "<s>Straße's  12 \n", "\xff東"} {
			ids, err := tok.Encode(text, true)
			if err != nil {
				continue
			}
			if _, err := tok.Decode(ids, false); err != nil {
				continue
			}
			if _, err := tok.Offsets(text, true); err != nil {
				t.Errorf("offsets: %v", err)
			}
		}
	})
}

// FuzzEncode: a byte-level model gives back every text.
func FuzzEncode(f *testing.F) {
	tok := fixtures(f)[2].open(f)
	f.Add("Hello 123 world's\n\n x")
	f.Add("'ſ \u0085\ufeff\xff\xf0\x9f\x98")
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := tok.Encode(text, false)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tok.Decode(ids, false); err != nil || got != lossy([]byte(text)) {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
		tokens, err := tok.Offsets(text, false)
		if err != nil || len(tokens) != len(ids) {
			t.Errorf("%d tokens, %v, want %d", len(tokens), err, len(ids))
		}
	})
}

// FuzzTranslate: a translated expression compiles or says why not.
func FuzzTranslate(f *testing.F) {
	for s := range scanners {
		f.Add(s)
	}
	f.Add(`[^\r\n\p{L}\p{N}]?+\p{L}++|\h{2,3}(?>a)(?<n>b)(?=c)[\p{L}&&[^\p{Han}]]`)
	f.Fuzz(func(t *testing.T, source string) {
		if p, err := newSlowRegexp(source); err == nil {
			_ = p.each(newJob(0), "a", func(int, int) {})
		}
	})
}
