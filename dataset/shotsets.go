package dataset

import "olmoeval/eval"

// shotSet defines a curated few-shot set: what its rows must be, and where the
// public has them. The rows themselves are not in this repository.
type shotSet struct {
	name      string
	sha256    string // of [RowsDigest]
	rows      int
	published // all sets can be read there
	// Rows of a public data set, in the order of pick: tried first.
	source eval.Source
	split  string
	key    []string   // the fields that identify a row
	pick   [][]string // their values, a row each
	fields []string   // the fields that are kept, nil for all
	// Or a public file, parsed by parse.
	url   string
	parse func([]byte) ([]eval.Doc, error)
}

// byDigest as a key identifies rows that have no id by the [RowsDigest] of the
// fields that are kept.
const byDigest = "row digest"

// canBuild tells whether the set can be made of public data; all can be read
// where they were published.
func (d *shotSet) canBuild() bool { return d.url != "" || len(d.pick) > 0 }

func ids(list ...string) [][]string {
	out := make([][]string, len(list))
	for i, id := range list {
		out[i] = []string{id}
	}
	return out
}

// shotSets are the known sets. Those without a recipe have texts that were
// written for them and are in no data set.
func shotSets() []shotSet {
	in := func(module, symbol string) published { return published{publishedConstants + module, symbol} }
	return []shotSet{
		{
			name: "arc_challenge_fixed_fewshot", rows: 11,
			sha256:    "421e4bb40083d164fbec90cabfc2ad991095b356a94437f2a60e3666f25f8b4c",
			published: in("arc.py", "ARC_CHALLENGE_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "allenai/ai2_arc", Subset: "ARC-Challenge"}, split: "train", key: []string{"id"},
			pick: ids("Mercury_SC_415702", "MCAS_2009_5_6516", "Mercury_7233695", "Mercury_7041615", "MCAS_1998_4_3",
				"Mercury_7041860", "ACTAAP_2013_5_11", "MDSA_2008_5_30", "MEA_2016_8_14", "Mercury_SC_401653", "Mercury_7106908"),
		},
		{
			name: "arc_easy_fixed_fewshot", rows: 8,
			sha256:    "6f9366b8cf2299ebe4dce738e0cf3477629b317220f72247c6043ea6dfd427e5",
			published: in("arc.py", "ARC_EASY_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "allenai/ai2_arc", Subset: "ARC-Easy"}, split: "train", key: []string{"id"},
			pick: ids("MCAS_2007_8_5189", "Mercury_SC_401169", "MCAS_2004_8_27", "NYSEDREGENTS_2006_8_10",
				"Mercury_7013388", "Mercury_7179953", "Mercury_7205118", "MCAS_2016_8_13"),
		},
		{
			name: "csqa_fixed_fewshot", rows: 7,
			sha256:    "f9b4ae1567d2c15f2a845b17a21e56d2270ab5ca1118c21340086665b635e6b7",
			published: in("csqa.py", "CSQA_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "tau/commonsense_qa"}, split: "train", key: []string{"id"},
			pick: ids("61fe6e879ff18686d7552425a36344c8", "02e821a3e53cb320790950aab4489e85", "23505889b94e880c3e89cff4ba119860",
				"a76403b4921a9281b6ee2a7241a5ec9f", "6dc921840aa1e5dda3333b79007f630b", "e8a8b3a2061aa0e6d7c6b522e9612824",
				"527e72eb38950b8031ee6217ef531960"),
			fields: []string{"id", "question", "choices", "answerKey"},
		},
		{
			name: "drop_fixed_fewshot", rows: 10,
			sha256:    "bdf6758c4b9940e89faa65523ebdfa82d1c31b9f8d82f8575e7f99f47d552ee7",
			published: in("drop.py", "DROP_FIXED_FEWSHOT"),
		},
		{
			name: "drop_mc_fixed_fewshot", rows: 8,
			sha256:    "c60264361b728ec3a164aa518288e54f8f7435a8ba6459815e5e1a39323136e5",
			published: in("drop.py", "DROP_MC_FIXED_FEWSHOT"),
		},
		{
			name: "gsm8k_fixed_fewshot", rows: 8,
			sha256:    "4ce66fc5b51d0bc489ab8853d166004ea5f1673e1c91774a5908e9d854862647",
			published: in("gsm_symbolic.py", "GSM8K_FIXED_FEWSHOT"),
			url: "https://raw.githubusercontent.com/EleutherAI/lm-evaluation-harness/" +
				"b733598568fde3afa0e008892f8e7bb18cd472b6/lm_eval/tasks/gsm8k/gsm8k-cot.yaml",
			parse: parseChainOfThought,
		},
		{
			name: "hellaswag_fixed_fewshot", rows: 11,
			sha256:    "f54a85fdb731bb7110e4739507631509811e37244c41360fd79bd8800aac8049",
			published: in("hellaswag.py", "HELLASWAG_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "allenai/hellaswag"}, split: "train", key: []string{"source_id", "ind"},
			pick: [][]string{
				{"wikihow~19", "12"}, {"wikihow~66", "39"}, {"activitynet~v_-2dxp-mv2zo", "9"}, {"activitynet~v_-Xl95IW5H_s", "47"},
				{"wikihow~62", "38"}, {"activitynet~v_-QuFk_ThRNg", "38"}, {"activitynet~v_-YjGbsbDoxs", "51"},
				{"activitynet~v_-fMxoShIXiM", "63"}, {"activitynet~v_-1IBHYS3L-Y", "4"}, {"activitynet~v_-JqLjPz-07E", "30"},
				{"activitynet~v_-fBTCykx4gM", "61"},
			},
			fields: []string{"ind", "activity_label", "ctx_a", "ctx_b", "endings", "label"},
		},
		{
			name: "jeopardy_fixed_fewshot", rows: 10,
			sha256:    "cfb7365d3110bb924525a121e791d652403e6fa8e312e6ee4eb8a6ce93ba1e27",
			published: in("jeopardy.py", "JEOPARDY_FIXED_FEWSHOT"),
		},
		{
			name: "jeopardy_mc_fixed_fewshot", rows: 10,
			sha256:    "ce29bb07eb2da9f90ce4b1b69cc92b6581beab435c6a9f799bca81a7dca80fc6",
			published: in("jeopardy_mc.py", "JEOPARDY_MC_FIXED_FEWSHOT"),
		},
		{
			name: "mbpp_fewshot_sources", rows: 10,
			sha256:    "80adc3abda005774572b5f0234e1e324cb49cc2f69bcdf4f8de341f13edb949e",
			published: in("mbpp.py", "MBPP_FEWSHOT_SOURCES"),
		},
		{
			name: "minerva_math_fixed_fewshot", rows: 4,
			sha256:    "e61f68115de72fe70776e94ef1b950ff4febe0c9f09ff89611fea8a1a95b15bd",
			published: in("minerva_math.py", "MINERVA_MATH_FIXED_FEWSHOT"),
		},
		{
			name: "naturalqs_fixed_fewshot", rows: 10,
			sha256:    "1c6322c7d4b4d8aeac8470010fe530c9097c3e6e6dfe3686e9d5e7dfb092a55a",
			published: in("naturalqs.py", "NATURALQS_FIXED_FEWSHOT"),
		},
		{
			name: "nq_mc_fixed_fewshot", rows: 9,
			sha256:    "f0be9a7661bb38b4bff0e39c22f8f459397e654d724b3e7c3ebc2837d4d7a01a",
			published: in("naturalqs_mc.py", "NQ_MC_FIXED_FEWSHOT"),
		},
		{
			name: "piqa_fixed_fewshot", rows: 7,
			sha256:    "847cebde907bab1209856981285bb93eac96f82df438f1f46b2acb4ca534978c",
			published: in("piqa.py", "PIQA_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "piqa", Revision: "refs/convert/parquet"}, split: "train", key: []string{byDigest},
			pick: ids(
				"836eb2199a66fda5e55bd1ee52364b4692962e378511bd04e0a34cecefcd16e9",
				"d73a7bc733dcc8a3b7933a6b409ac90f14aab5b0cfd2858b94a50c50f6b0f5fb",
				"9397b3c2b997a5f3567e2eec3cc47d6d21001662f7c13f16eaa6fd2c93ae8641",
				"8fa6e527c6d7c18de514d7388a55135f35ed3d8a9abccdba9e6a425b18b099d1",
				"4f64f65059ea736409e8698496702ec91258327d4ec6c61fb3c8691736d4cf85",
				"66c53de41ad7a6b9bb72f0b8392fa4d2224efe4627ff6bc047c76f4d7f5485a9",
				"0e92f7c4ffee5d459f5d218dfebf1c2990c8c5fd11619f85941f46400cae528c",
			),
			fields: []string{"goal", "sol1", "sol2", "label"},
		},
		{
			name: "socialiqa_fixed_fewshot", rows: 8,
			sha256:    "ff2066823045c1775bc3789c60b06bcba2b5b040fc52082d5a88801a0f689c1e",
			published: in("socialiqa.py", "SOCIALIQA_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "social_i_qa", Revision: "refs/convert/parquet"}, split: "train", key: []string{byDigest},
			pick: ids(
				"7569ac488b4becf85618102f2370578da89a81ce600596ab059f1784dcd21ba7",
				"ed0828dbb964390014765914485ab6f4eab80996ec4b2a3674023de9633adc56",
				"32a3b93e8d5b1ae51cc58a43d860fe0547a6407b2278d4429dd89e2971ce2419",
				"0c222370bc279ba99a8a926e7e2a847224f85115ba9d209cd8f104ca72d18e35",
				"82cc0f3e8f643c0444850fa8f7512b1b1a4d84af4988de950d64e6c3f38650d6",
				"5b956a9281f9f6c5c5281e3652491c88aaf124aeea1321b749ac4e4e0c986702",
				"d6fe48f400e7ddf6c4d56acfe7e6d6b76677de3834be68cb2b03800b5f7f83cb",
				"648ab26a986e9471836d94512cdb25b2b90e4ca16c8c05cbdfe0f36c1ccbacfe",
			),
			fields: []string{"context", "question", "answerA", "answerB", "answerC", "label"},
		},
		{
			name: "squad_fixed_fewshot", rows: 10,
			sha256:    "44d834ac5d3b4c9b20b23b98c2e38cdfaf959d31f71bbfc5c073c1a5d63e2814",
			published: in("squad.py", "SQUAD_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "rajpurkar/squad"}, split: "train", key: []string{"id"},
			pick: ids("5733be284776f41900661182", "56be85543aeaaa14008c9066", "5733bd9bd058e614000b619a",
				"5733ba844776f41900661146", "5733bc38d058e614000b618a", "56ce0a3762d2951400fa69d8", "56cc239e6d243a140015eeb7",
				"56cc55856d243a140015ef0a", "56cd8a5f62d2951400fa6691", "56cf2e15aab44d1400b88dc9"),
		},
		{
			name: "squad_mc_fixed_fewshot", rows: 10,
			sha256:    "8e66926e042c00f265675208a7810d6ecc9b3e86c79cd8a8f11c7a037d608940",
			published: in("squad_mc.py", "SQUAD_MC_FIXED_FEWSHOT"),
		},
		{
			name: "winogrande_fixed_fewshot", rows: 5,
			sha256:    "63b35481edf2d6ca8bf0d56bfddca827301381244673297d8f1af91a9a7ca4ff",
			published: in("winogrande.py", "WINOGRANDE_FIXED_FEWSHOT"),
			source:    eval.Source{Path: "winogrande", Subset: "winogrande_xl"}, split: "train", key: []string{byDigest},
			pick: ids(
				"f3634a39409f38c5d15f4aad13312992ca84a85ef12d9b3d26c1dc544dc73337",
				"3da3f5da5318de7d3317e54b37dc1b91b134ed3a1fc6eda190172d84e5e6f35a",
				"944751b1dd920470e74811140900814606f172db3196efec947d048ce4dc229e",
				"c1b58cd4ad8187dab1b6ad51138e14e7065bc0f0444b6a5f1188dd3c55af5dd5",
				"aba96c90b65a77983ca89a8fc20deef91154dc5c3ca2b48d092fd187285f7814",
			),
			fields: []string{"sentence", "option1", "option2", "answer"},
		},
	}
}

// knownSet finds a definition, nil if there is none.
func knownSet(name string) *shotSet {
	for _, d := range shotSets() {
		if d.name == name {
			return &d
		}
	}
	return nil
}
