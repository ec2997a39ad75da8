"""A Hugging Face model behind the exec provider's protocol.

    olmo-eval run -m allenai/OLMo-2-0425-1B,kind=exec,command=[python3,examples/python/provider_transformers.py] -t arc_easy

Needs `pip install torch transformers`. It is a reference: correct and batched, but
a server such as vLLM is many times as fast. Options, as options.NAME after -m:
    batch_size (8), dtype (auto), device (cuda:INSTANCE or cpu), add_bos_token (the
    tokenizer's), max_length (the model's), trust_remote_code (false).
"""

from provider_stdio import Refusal, serve


def split(encode, context, continuation, bos, eos, add_bos):
    """The tokens of a context and of its continuation, as lm-eval has them.

    White space at the context's end belongs to the continuation; both are encoded
    together, and the context's own tokens are counted off. encode(text) adds no
    special tokens; bos and eos are ids or None.
    """
    first = bos if bos is not None else eos
    prefix = [first] if first is not None else []
    if context == "":
        return prefix, encode(continuation)
    bare = context.rstrip()
    moved = context[len(bare) :] + continuation
    whole, head = encode(bare + moved), encode(bare)
    begin = len(head)
    if len(whole) <= begin and continuation:
        # The continuation melts into the context's last token.
        begin = next((n for n, (a, b) in enumerate(zip(whole, head)) if a != b), len(whole))
        if begin == len(whole):
            raise Refusal("bad_request", f"{continuation!r} has no token of its own after its context")
    return (prefix if add_bos else []) + whole[:begin], whole[begin:]


def fit(head, rest, limit):
    """Cuts the context from the left so that both leave one place of the window."""
    room = limit - 1 - len(rest)
    if room < 0 or room == 0 and head:
        raise Refusal("context_overflow", f"a continuation of {len(rest)} tokens leaves no room for its context in a window of {limit}")
    return head[max(0, len(head) - room) :], len(head) > room


def cut_at_stop(text, stops):
    """The text before the first stop sequence, and whether there was one."""
    found = [text.index(s) for s in stops if s in text]
    return (text[: min(found)], True) if found else (text, False)


class Transformers:
    def load(self, hello):
        import torch
        import transformers

        self.torch, self.transformers = torch, transformers
        options = hello.get("options") or {}
        known = {"batch_size", "dtype", "device", "add_bos_token", "max_length", "trust_remote_code"}
        if unknown := set(options) - known:
            raise Refusal("bad_request", f"unknown options {sorted(unknown)}; known: {sorted(known)}")
        name, revision = hello.get("path") or hello["model"], hello.get("revision") or None
        trust = options.get("trust_remote_code", False)
        gpus = torch.cuda.device_count()
        self.device = options.get("device") or (f"cuda:{hello['instance'] % gpus}" if gpus else "cpu")
        self.batch = int(options.get("batch_size", 8))
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(name, revision=revision, trust_remote_code=trust)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            name, revision=revision, trust_remote_code=trust, torch_dtype=options.get("dtype", "auto")
        )
        self.model.to(self.device).eval()
        self.add_bos = options.get("add_bos_token", getattr(self.tokenizer, "add_bos_token", False))
        config = self.model.config
        self.context = int(options.get("max_length") or getattr(config, "max_position_embeddings", None) or 2048)
        eos = config.eos_token_id if config.eos_token_id is not None else self.tokenizer.eos_token_id
        self.ends = set(eos if isinstance(eos, list) else [] if eos is None else [eos])
        self.pad = self.tokenizer.pad_token_id
        if self.pad is None:
            self.pad = min(self.ends, default=0)
        return {
            "name": "transformers",
            "version": transformers.__version__,
            "model": name,
            "revision": getattr(config, "_commit_hash", None) or revision or "",
            "capabilities": {
                "completion": True,
                "chat": bool(getattr(self.tokenizer, "chat_template", None)),
                "loglikelihood": True,
                "n": True,
                "seed": True,
            },
            "max_context": self.context,
            "max_in_flight": 2 * self.batch,  # the next batch waits while one is worked on
        }

    def encode(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def answer(self, requests):
        results = [None] * len(requests)
        scored = [i for i, r in enumerate(requests) if r["request_type"] == "loglikelihood"]
        self.score(requests, scored, results)
        # What is drawn with a seed is drawn alone: company would change the dice.
        plain = [i for i, r in enumerate(requests) if results[i] is None and r["sampling"]["temperature"] == 0]
        groups = {}
        for i in plain:
            s = requests[i]["sampling"]
            groups.setdefault(repr(sorted((k, v) for k, v in s.items() if k not in ("stop_sequences", "seed"))), []).append(i)
        drawn = [[i] for i in range(len(requests)) if results[i] is None and i not in plain]
        for group in list(groups.values()) + drawn:
            self.generate(requests, group, results)
        return results

    # Log-likelihoods.

    def score(self, requests, which, results):
        rows = []  # (request, continuation, ids, where the continuation begins)
        for i in which:
            r = requests[i]
            results[i] = {"outputs": [None] * len(r["continuations"]), "notes": []}
            try:
                for k, continuation in enumerate(r["continuations"]):
                    rows.append((i, k, *self.row(r, k, continuation)))
            except Refusal as refusal:
                results[i] = refusal
        # Long ones first: if memory does not suffice, it shows at once.
        rows = sorted((r for r in rows if not isinstance(results[r[0]], Refusal)), key=lambda r: -len(r[2]))
        size, start = self.batch, 0
        while start < len(rows):
            batch = rows[start : start + size]
            try:
                outputs = self.forward(batch)
            except self.torch.cuda.OutOfMemoryError as err:
                self.torch.cuda.empty_cache()
                if size == 1:
                    raise Refusal("out_of_memory", str(err).splitlines()[0]) from None
                size = max(1, size // 2)
                continue
            for (i, k, _, begin, cut), out in zip(batch, outputs):
                results[i]["outputs"][k] = {**out, "cut": cut}
                if begin == 0 and "first_token=unscored" not in results[i]["notes"]:
                    results[i]["notes"].append("first_token=unscored")
            start += size

    def row(self, r, k, continuation):
        contexts = r.get("continuation_prompts") or []
        context = contexts[k] if k < len(contexts) else r.get("prompt", "")
        if r.get("messages"):
            context = r["messages"][0]["content"]
        t = self.tokenizer
        head, rest = split(self.encode, context, continuation, t.bos_token_id, t.eos_token_id, self.add_bos)
        limit = min(r.get("max_length") or self.context, self.context)
        head, cut = fit(head, rest, limit)
        if not head and len(rest) == 1:
            raise Refusal("bad_request", f"{continuation!r} is one token with nothing before it, and the tokenizer has no BOS")
        return head + rest, len(head), cut

    def forward(self, batch):
        torch = self.torch
        longest = max(1, max(len(ids) for _, _, ids, _, _ in batch))
        # Padding is on the right: what comes before a token does not change.
        inputs = torch.full((len(batch), longest), self.pad, dtype=torch.long)
        mask = torch.zeros((len(batch), longest), dtype=torch.long)
        for row, (_, _, ids, _, _) in enumerate(batch):
            inputs[row, : len(ids)] = torch.tensor(ids, dtype=torch.long)
            mask[row, : len(ids)] = 1
        with torch.inference_mode():
            logits = self.model(input_ids=inputs.to(self.device), attention_mask=mask.to(self.device)).logits
        outputs = []
        for row, (_, _, ids, begin, _) in enumerate(batch):
            first = max(1, begin)  # without any context the first token cannot be scored
            want = torch.tensor(ids[first:], dtype=torch.long, device=logits.device)
            logs = torch.log_softmax(logits[row, first - 1 : len(ids) - 1].float(), dim=-1)
            picked = logs.gather(1, want[:, None])[:, 0].double().cpu()
            greedy = bool((logs.argmax(dim=-1) == want).all()) if len(want) else True
            # How far each token is ahead of the best other one.
            others = logs.scatter(1, want[:, None], float("-inf")).amax(dim=-1).double().cpu()
            outputs.append({
                "sum_logits": float(picked.sum()), "num_tokens": len(want), "is_greedy": greedy,
                "margin": float((picked - others).min()) if len(want) else None,
                "tokens": [{"token": self.tokenizer.decode([t]), "logprob": float(l)} for t, l in zip(ids[first:], picked)],
            })
        return outputs

    # Generations.

    def prompt(self, r):
        if r["request_type"] == "chat":
            ids = self.tokenizer.apply_chat_template(r["messages"], add_generation_prompt=True, tokenize=True, return_dict=True)["input_ids"]
        else:
            ids = self.encode(r.get("prompt", ""))
            if self.add_bos and self.tokenizer.bos_token_id is not None:
                ids = [self.tokenizer.bos_token_id] + ids
        if len(ids) >= self.context:
            raise Refusal("context_overflow", f"{len(ids)} tokens do not fit into a context of {self.context}")
        if not ids:
            raise Refusal("bad_request", "an empty prompt, and the tokenizer adds no BOS")
        return ids

    def generate(self, requests, which, results):
        prompts = {}
        for i in which:
            s = requests[i]["sampling"]
            odd = [k for k in ("frequency_penalty", "presence_penalty", "json_schema", "extra_body") if s.get(k)]
            try:
                if odd or s.get("reasoning_effort"):
                    raise Refusal("unsupported", f"this engine does not know {odd or ['reasoning_effort']}")
                prompts[i] = self.prompt(requests[i])
                results[i] = {"outputs": [], "usage": {"prompt_tokens": len(prompts[i]), "completion_tokens": 0}}
            except Refusal as refusal:
                results[i] = refusal
        which = [i for i in which if i in prompts]
        if not which:
            return
        s = requests[which[0]]["sampling"]
        for k in range(max(1, s["num_samples"])):
            if s["temperature"] > 0 and s["seed"] is not None:
                self.torch.manual_seed(s["seed"] + k)
            try:
                made = self.decode([prompts[i] for i in which], s, [requests[i]["sampling"]["stop_sequences"] or [] for i in which])
            except self.torch.cuda.OutOfMemoryError as err:
                self.torch.cuda.empty_cache()
                raise Refusal("out_of_memory", str(err).splitlines()[0]) from None
            for i, (text, reason, n) in zip(which, made):
                results[i]["outputs"].append({"text": text, "finish_reason": reason})
                results[i]["usage"]["completion_tokens"] += n

    def decode(self, prompts, s, stops):
        """One sample for each prompt: (text, finish_reason, number of tokens)."""
        torch, longest = self.torch, max(map(len, prompts))
        # Padding is on the left: all go on at the same place.
        inputs = torch.full((len(prompts), longest), self.pad, dtype=torch.long)
        mask = torch.zeros((len(prompts), longest), dtype=torch.long)
        for row, ids in enumerate(prompts):
            inputs[row, longest - len(ids) :] = torch.tensor(ids, dtype=torch.long)
            mask[row, longest - len(ids) :] = 1
        most = self.context - longest
        if s["max_tokens"] is not None:
            most = min(most, s["max_tokens"])
        how = {"do_sample": False}
        if s["temperature"] > 0:
            how = {"do_sample": True, "temperature": s["temperature"], "top_k": s["top_k"] if (s["top_k"] or 0) > 0 else 0}
            how |= {k: s[k] for k in ("top_p", "min_p") if s[k] is not None}
        if s["repetition_penalty"] is not None:
            how["repetition_penalty"] = s["repetition_penalty"]
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=inputs.to(self.device), attention_mask=mask.to(self.device), max_new_tokens=most, pad_token_id=self.pad,
                stopping_criteria=self.transformers.StoppingCriteriaList([self.stopper(longest, stops)]), **how,
            )
        made = []
        for ids, stop in zip(out[:, longest:].tolist(), stops):
            end = next((n for n, t in enumerate(ids) if t in self.ends), None)
            ids = ids if end is None else ids[:end]
            text, stopped = cut_at_stop(self.tokenizer.decode(ids, skip_special_tokens=True), stop)
            made.append((text, "stop" if stopped or end is not None else "length", len(ids) + (end is not None)))
        return made

    def stopper(self, begin, stops):
        """Stops when every row has ended or has one of its stop sequences."""
        engine = self

        class Stopper(self.transformers.StoppingCriteria):
            def __call__(self, ids, scores, **_):
                done = []
                for row, stop in zip(ids[:, begin:].tolist(), stops):
                    ended = any(t in engine.ends for t in row)
                    done.append(ended or cut_at_stop(engine.tokenizer.decode(row, skip_special_tokens=True), stop)[1])
                return engine.torch.tensor(done, dtype=engine.torch.bool, device=ids.device)

        return Stopper()


if __name__ == "__main__":
    serve(Transformers())
