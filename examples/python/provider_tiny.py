"""A language model without dependencies, behind the exec provider's protocol.

    olmo-eval run -m tiny,kind=exec,command=[python3,examples/python/provider_tiny.py] -t demo

It knows how often one byte follows another in the text below, no more. It is good
for trying out the protocol and for tests: everything it says can be computed by
hand. A token is a byte.
"""

import hashlib
import math
import random

from provider_stdio import Refusal, serve

TEXT = """The capital of France is Paris. The capital of Italy is Rome.
Two and two are four. Four and four are eight. The sun is a star.
A day has twenty-four hours, and an hour has sixty minutes.
"""

CONTEXT = 2048  # tokens
START = 10  # what is taken to stand before a text: a line's end


class Bigrams:
    def __init__(self, text):
        data = bytes([START]) + text.encode()
        counts = [[1] * 256 for _ in range(256)]  # each pair is thought to be seen once
        for before, after in zip(data, data[1:]):
            counts[before][after] += 100
        self.logs = [[math.log(n / sum(row)) for n in row] for row in counts]
        self.best = [max(range(256), key=lambda b, row=row: (row[b], -b)) for row in self.logs]

    def score(self, before, tokens):
        logs, greedy, margins = [], True, []
        for token in tokens:
            row = self.logs[before]
            logs.append(row[token])
            greedy = greedy and token == self.best[before]
            margins.append(row[token] - max(log for other, log in enumerate(row) if other != token))
            before = token
        return logs, greedy, min(margins, default=None)

    def draw(self, before, temperature, dice):
        if temperature == 0:
            return self.best[before]
        weights = [math.exp(log / temperature) for log in self.logs[before]]
        return dice.choices(range(256), weights)[0]


def text_of(tokens):
    return bytes(tokens).decode(errors="replace")


class Tiny:
    batch = 4

    def load(self, hello):
        self.model = Bigrams(TEXT)
        return {
            "name": "tiny",
            "version": "1",
            "model": hello["model"],
            "weights": hashlib.sha256(TEXT.encode()).hexdigest(),
            "capabilities": {"completion": True, "chat": True, "loglikelihood": True, "n": True, "seed": True, "logprobs": True},
            "max_context": CONTEXT,
            "max_in_flight": 8,
        }

    def answer(self, requests):
        results = []
        for r in requests:
            try:
                results.append(self.score(r) if r["request_type"] == "loglikelihood" else self.generate(r))
            except Refusal as refusal:
                results.append(refusal)
        return results

    def score(self, r):
        outputs = []
        for i, continuation in enumerate(r["continuations"]):
            contexts = r.get("continuation_prompts") or []
            context = (contexts[i] if i < len(contexts) else r.get("prompt", "")).encode()
            tokens = continuation.encode()
            room = min(r.get("max_length") or CONTEXT, CONTEXT) - 1 - len(tokens)
            if room < 0:
                raise Refusal("context_overflow", f"a continuation of {len(tokens)} tokens does not fit")
            cut = len(context) > room
            context = context[len(context) - room :] if cut else context
            logs, greedy, margin = self.model.score(context[-1] if context else START, tokens)
            outputs.append({
                "sum_logits": sum(logs), "num_tokens": len(logs), "is_greedy": greedy, "margin": margin, "cut": cut,
                "tokens": [{"token": text_of([t]), "logprob": l} for t, l in zip(tokens, logs)],
            })
        return {"outputs": outputs}

    def generate(self, r):
        if r["request_type"] == "chat":
            prompt = "".join(f"{m['role']}: {m['content']}\n" for m in r["messages"]) + "assistant:"
        else:
            prompt = r.get("prompt", "")
        tokens, s = prompt.encode(), r["sampling"]
        if len(tokens) >= CONTEXT:
            raise Refusal("context_overflow", f"{len(tokens)} tokens do not fit into a context of {CONTEXT}")
        room = CONTEXT - len(tokens)
        most = room if s["max_tokens"] is None else min(s["max_tokens"], room)
        outputs = []
        for k in range(max(1, s["num_samples"])):
            dice = random.Random(None if s["seed"] is None else s["seed"] + k)
            outputs.append(self.sample(tokens[-1] if tokens else START, most, s, dice))
        made = sum(len(o["logprobs"]) for o in outputs)
        return {"outputs": outputs, "usage": {"prompt_tokens": len(tokens), "completion_tokens": made}}

    def sample(self, before, most, s, dice):
        made, logs = [], []
        while len(made) < most:
            token = self.model.draw(before, s["temperature"], dice)
            made.append(token)
            logs.append({"token": text_of([token]), "logprob": self.model.logs[before][token]})
            before = token
            text = text_of(made)
            for stop in s["stop_sequences"] or []:
                if stop in text:
                    return {"text": text[: text.index(stop)], "finish_reason": "stop", "logprobs": logs}
        return {"text": text_of(made), "finish_reason": "length", "logprobs": logs}


if __name__ == "__main__":
    serve(Tiny())
