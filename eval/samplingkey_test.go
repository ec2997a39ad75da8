package eval

import (
	"reflect"
	"testing"
)

// TestSamplingKey changes each field there is, so that none can be forgotten.
func TestSamplingKey(t *testing.T) {
	keys := map[string]string{}
	note := func(name string, s Sampling) {
		key := string(s.AppendKey(nil))
		if other, ok := keys[key]; ok {
			t.Errorf("%s and %s have the same key", name, other)
		}
		keys[key] = name
		if again := string(s.AppendKey(nil)); again != key {
			t.Errorf("%s: the key differs the second time", name)
		}
	}
	note("zero", Sampling{})
	kind := reflect.TypeFor[Sampling]()
	for i := range kind.NumField() {
		var s Sampling
		f := reflect.ValueOf(&s).Elem().Field(i)
		for _, v := range samples(t, kind.Field(i).Type) {
			f.Set(v)
			note(kind.Field(i).Name, s)
		}
	}
	if a, b := (&Sampling{NumSamples: 1}).AppendKey(nil), (&Sampling{}).AppendKey(nil); string(a) != string(b) {
		t.Error("one sample and no number of samples are the same, but the keys differ")
	}
}

// samples are values that must all give keys of their own.
func samples(t *testing.T, kind reflect.Type) []reflect.Value {
	t.Helper()
	of := func(values ...any) []reflect.Value {
		out := make([]reflect.Value, len(values))
		for i, v := range values {
			out[i] = reflect.ValueOf(v)
		}
		return out
	}
	switch reflect.Zero(kind).Interface().(type) {
	case *int:
		return of(new(0), new(62), new(124), new(-1))
	case *int64:
		return of(new(int64(0)), new(int64(62)), new(int64(-1)))
	case *float64:
		return of(new(0.0), new(1.0), new(0.5))
	case float64:
		return of(0.5, 1.0)
	case int:
		return of(2, 62)
	case string:
		return of("low", "|")
	case []string:
		return of([]string{""}, []string{"a"}, []string{"a", ""}, []string{"a|"}, []string{"", "a"})
	case map[string]any:
		return of(map[string]any{}, map[string]any{"a": 1}, map[string]any{"a": "1"}, map[string]any{"a": map[string]any{"b": 1}})
	}
	t.Fatalf("a field of type %s: add values for it, and the field to AppendKey", kind)
	return nil
}
