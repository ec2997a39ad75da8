package weights

import (
	"fmt"
	"strings"
)

// Check is nil for a complete checkpoint that inference servers or llama.cpp
// load; else it says what is wrong and what would work.
func (i Info) Check() error {
	switch {
	case i.Kind == OLMoCore:
		return fmt.Errorf("%s is a training checkpoint of OLMo-core, which neither vllm, sglang nor llama.cpp loads: "+
			"convert it (OLMo-core's src/examples/huggingface/convert_checkpoint_to_hf.py) and give the result, "+
			"or ask a program that loads it: kind=exec,command=[PROGRAM,ARGS]", i.Path)
	case len(i.Choices) > 0:
		return fmt.Errorf("%s has several GGUF models (%s): name one, such as %s", i.Path, few(i.Choices), strings.TrimSuffix(i.Path, "/")+"/"+i.Choices[0])
	case i.Kind == Unknown:
		return fmt.Errorf("%s is no checkpoint that can be served: it lacks %s", i.Path, few(i.Missing))
	case len(i.Missing) > 0:
		return fmt.Errorf("the checkpoint %s is not whole: it lacks %s", i.Path, few(i.Missing))
	}
	return nil
}

func few(names []string) string {
	if len(names) == 0 {
		return "a known format"
	}
	if len(names) > 6 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
	}
	return strings.Join(names, ", ")
}
