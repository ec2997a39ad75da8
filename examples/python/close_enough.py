"""A scorer for olmo-eval: right is an answer within ten per cent of the gold.

A line on stdin is a question with the model's outputs:
    {"index": 0, "instance": {"question", "gold_answer", "choices", "metadata", "id"},
     "outputs": [{"text", "answer"}]}
The line written back has one number an output. Anything else goes to stderr.
"""

import json
import sys


def score(gold, answer):
    if answer is None:  # the extractor found no number in the text
        return 0
    return int(abs(float(answer) - gold) <= 0.1 * abs(gold))


for line in sys.stdin:
    request = json.loads(line)
    gold = float(request["instance"]["gold_answer"])
    values = [score(gold, output["answer"]) for output in request["outputs"]]
    reply = {"index": request["index"], "scores": {"close_enough": values}}
    print(json.dumps(reply), flush=True)
