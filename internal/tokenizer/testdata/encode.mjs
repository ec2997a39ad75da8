// Encodes and decodes texts with the tokenizers package of Hugging Face.
// In: one JSON object {tokenizer, config, texts}, texts in base64.
// Out: one JSON object {version, results: [{plain, special, text, visible}]}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.OLMO_EVAL_NPM + "/");
const { Tokenizer } = require("@huggingface/tokenizers");

const { tokenizer, config, texts } = JSON.parse(readFileSync(0, "utf8"));
const t = new Tokenizer(tokenizer, config);
const decode = (ids, skip) =>
  ids.length === 0 ? "" : t.decode(ids, { skip_special_tokens: skip, clean_up_tokenization_spaces: false });
const results = texts.map((b64) => {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.from(b64, "base64"));
  const plain = t.encode(text, { add_special_tokens: false }).ids;
  const special = t.encode(text, { add_special_tokens: true }).ids;
  return { plain, special, text: decode(plain, false), visible: decode(special, true) };
});
process.stdout.write(JSON.stringify({ results }));
