// Renders templates with the jinja package of Hugging Face.
// In: a JSON list of {template, vars}, vars being JSON text. Out: a JSON list of
// {text} or {error}.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.OLMO_EVAL_NPM + "/");
const { Template } = require("@huggingface/jinja");

const compiled = new Map();
const template = (source) => {
  if (!compiled.has(source)) compiled.set(source, new Template(source));
  return compiled.get(source);
};
const out = JSON.parse(readFileSync(0, "utf8")).map(({ template: source, vars }) => {
  try {
    return { text: template(source).render(JSON.parse(vars)) };
  } catch (e) {
    return { error: String(e) };
  }
});
process.stdout.write(JSON.stringify(out));
