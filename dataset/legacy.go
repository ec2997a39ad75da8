package dataset

// legacy maps the one-word names that the hub once gave to data sets to where
// it redirects them. Online the hub's answer counts; this is for mirrors and
// for work offline.
func legacy(id string) string {
	switch id {
	case "ai2_arc":
		return "allenai/ai2_arc"
	case "commonsense_qa":
		return "tau/commonsense_qa"
	case "gsm8k":
		return "openai/gsm8k"
	case "hellaswag":
		return "Rowan/hellaswag"
	case "lambada":
		return "cimec/lambada"
	case "mbpp":
		return "google-research-datasets/mbpp"
	case "nq_open":
		return "google-research-datasets/nq_open"
	case "openai_humaneval":
		return "openai/openai_humaneval"
	case "piqa":
		return "ybisk/piqa"
	case "sciq":
		return "allenai/sciq"
	case "social_i_qa":
		return "allenai/social_i_qa"
	case "squad":
		return "rajpurkar/squad"
	case "winogrande":
		return "allenai/winogrande"
	}
	return ""
}

// canonicalID is the present name of a data set, or the path itself.
func canonicalID(path string) string {
	if id := legacy(path); id != "" {
		return id
	}
	return path
}
