// Prints the log-probability of each token but the first of a list, as
// node-llama-cpp computes it: node score.mjs FOLDER MODEL '[256,…]', where
// FOLDER has node_modules with node-llama-cpp in it.
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const [folder, modelPath, list] = process.argv.slice(2);
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(join(folder, "node_modules/node-llama-cpp/dist/index.js")));
const tokens = JSON.parse(list);
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1});
const model = await llama.loadModel({modelPath, checkTensors: true});
const context = await model.createContext({contextSize: tokens.length + 8, batchSize: 64, flashAttention: false});
const sequence = context.getSequence();
// Every token but the last must say what is expected behind it.
const input = tokens.slice(0, -1).map((token) => [token, {generateNext: {probabilities: true}}]);
const output = await sequence.controlledEvaluate(input);
const values = output.map((step, i) => {
    const p = step?.next?.probabilities?.get(tokens[i + 1]);
    if (p == null || !(p > 0))
        throw new Error("no probability for token " + (i + 1) + ": " + JSON.stringify(p));
    return Math.log(p);
});
console.log(JSON.stringify(values));
process.exit(0);
