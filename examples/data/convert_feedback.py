#!/usr/bin/env python3
"""Makes feedback.jsonl: sentences of customers' reviews with their ids, one a line.

    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2
    python3 convert_feedback.py vaderSentiment-3.3.2.tar.gz > feedback.jsonl

The first SENTENCES of the file that has them, as they are: spaces, half words and all.
"""

import io
import json
import sys
import tarfile

SENTENCES = 1_000
INNER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
SNIPPETS = "hutto_ICWSM_2014/amazonReviewSnippets_GroundTruth.txt"


def main():
    with tarfile.open(sys.argv[1]) as outer, tarfile.open(fileobj=io.BytesIO(outer.extractfile(INNER).read())) as inner:
        lines = inner.extractfile(SNIPPETS).read().decode("utf-8").splitlines()
    for line in lines[:SENTENCES]:
        number, _rating, text = line.split("\t")
        review, sentence = number.split("_")
        json.dump({"review": f"r-{review}", "sentence": int(sentence), "text": text}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
