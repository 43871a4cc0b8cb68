#!/usr/bin/env python3
"""Makes vader.jsonl: texts, and what the reference implementation of VADER says of them.

    python3 -m venv venv && venv/bin/pip install vaderSentiment==3.3.2
    venv/bin/python generate.py ../../../examples/data/feedback.jsonl > vader.jsonl

The reference: vaderSentiment 3.3.2 on PyPI, MIT, by C.J. Hutto. The texts are written here, one table for
each rule of VADER, but for the last: every fifth of the real ones in examples/data.
"""

import itertools
import json
import sys

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

WORDS = ["good", "great", "horrible", "okay", "sucks", "delicious", "cold", "fine"]
BOOSTERS = ["very", "extremely", "absolutely", "really", "so", "barely", "slightly", "kind of", "kinda", "sort of", "almost",
            "hardly", "particularly", "incredibly", "friggin", "fucking", "less", "marginally", "partly", "totally"]
NEGATIONS = ["not", "never", "isn't", "isnt", "wasn't", "ain't", "without", "nope", "nor", "cannot", "can't", "don't", "hardly",
             "rarely", "seldom", "despite", "uhuh", "neither", "nothing", "nowhere", "won't", "without doubt", "never so",
             "never this", "not that", "didn't feel very"]
ENDS = ["", ".", "!", "!!", "!!!", "!!!!", "!!!!!!", "?", "??", "???", "????", "?????", "!?", "?!?!", "..."]
EMOJI = ["\U0001f600", "\U0001f60a", "\U0001f622", "\U0001f621", "❤️", "\U0001f44d", "\U0001f44e", "\U0001f44d\U0001f3fd",
         "\U0001f4a9", "\U0001f525", "\U0001f355", "\U0001f468‍\U0001f469‍\U0001f467", "\U0001f1e9\U0001f1ea", "☺", "☹️", "\U0001f970",
         "\U0001f389", "\U0001f926\U0001f3fc‍♂️"]
EMOTICONS = [":)", ":-)", ":(", ":-(", ";)", ":D", ":'(", "<3", "</3", ":/", "XD", "=)", ":P", "^_^", ">:(", "D:", "(:", ":*"]
IDIOMS = ["the shit", "the bomb", "bad ass", "badass", "bus stop", "yeah right", "kiss of death", "to die for", "beating heart",
          "broken heart", "cut the mustard", "upper hand", "hand to mouth", "the shittiest"]

SENTENCES = [
    # The reference's own examples.
    "VADER is smart, handsome, and funny.",
    "VADER is smart, handsome, and funny!",
    "VADER is very smart, handsome, and funny.",
    "VADER is VERY SMART, handsome, and FUNNY.",
    "VADER is VERY SMART, handsome, and FUNNY!!!",
    "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!",
    "VADER is not smart, handsome, nor funny.",
    "The book was good.",
    "At least it isn't a horrible book.",
    "The book was only kind of good.",
    "The plot was good, but the characters are uncompelling and the dialog is not great.",
    "Today SUX!",
    "Today only kinda sux! But I'll get by, lol",
    "Make sure you :) or :D today!",
    "Catch utf-8 emoji such as \U0001f498 and \U0001f48b and \U0001f601",
    "Not bad at all",
    # Food.
    "The pizza was cold, the driver was rude and nobody answered the phone.",
    "Best ramen in town, period.",
    "I'd never order anywhere else!",
    "I would never ever order here again",
    "It was good, but the soup was awful, but the dessert was great.",
    "But it was good",
    "BUT the service... wow",
    "good but",
    "It was okay. Nothing special, nothing terrible.",
    "no",
    "No!",
    "no problem at all",
    "There was no good food and no bad food",
    "they were out of everything, no surprise",
    "least favourite place",
    "the least bad of them",
    "at least it was warm",
    "very least good",
    "It arrived on time",
    "on time",
    "Delivered",
    "ok",
    "a",
    "x y z",
    "10/10",
    "5 stars",
    "LOL",
    "lol LOL Lol",
    "WTF",
    "wtf is this",
    "omg so good",
    "meh",
    "hmm...",
    "?",
    "!!!",
    "is?",
    "...",
    "-",
    "'good'",
    "\"good\"",
    "(good)",
    "good,bad",
    "good/bad",
    "good-bad",
    "#good #fail",
    "@good",
    "good:bad",
    "gooood",
    "GOOD",
    "GOOD FOOD",
    "good FOOD",
    "Good Food",
    "the BEST food but the WORST service",
    "ALL OF IT WAS GOOD",
    "I'm not sure that it's good",
    "It's not that it isn't good",
    "I don't think this is good",
    "without a doubt good",
    "without doubt an excellent idea",
    "never so good",
    "never this good",
    "It was never really all that good",
    "Trés bon, merci beaucoup",
    "Das Essen war schrecklich kalt",
    "Åse's café was good",
    "ÄRGER! good",
    "STRASSE straße GOOD",
    "İstanbul GOOD good",
    "美味しい good",
    "отлично good",
    "good\u00a0food",
    "good\u2003food",
    "n't good",
    "good n't",
    "cant stand it, wont come back, dont bother",
    "$:",
    ":) :) :)",
    "happy:)",
    ":)happy",
    "sad:(sad",
    "1.5 stars",
    "http://example.com/good is good",
    "<b>good</b>",
    "it's the bomb",
    "this place is bad ass good",
    "the food is to die for",
    "this dish has the upper hand",
    "yeah right, good one",
    "hand to mouth good",
    "These are the shittiest of times",
    "he is at least smart",
]


def texts(feedback):
    yield from SENTENCES
    for word, end in itertools.product(WORDS, ENDS):
        yield f"The food is {word}{end}"
    for booster, word in itertools.product(BOOSTERS, WORDS[:4]):
        yield f"The food is {booster} {word}"
    for booster in BOOSTERS:
        yield f"The food is {booster.upper()} good, {booster} {booster} bad"
        yield f"It is {booster} a good, old place"
    for negation, word in itertools.product(NEGATIONS, WORDS[:3]):
        yield f"The food was {negation} {word}"
    for negation in NEGATIONS:
        yield f"{negation} one two good"
        yield f"{negation.upper()} very GOOD!"
    for face in EMOJI + EMOTICONS:
        yield face
        yield f"The food was good {face}"
        yield f"The food was bad{face}{face}!"
    for idiom in IDIOMS:
        yield f"The food is {idiom}"
        yield f"{idiom} very {idiom.upper()}!"
    with open(feedback, encoding="utf-8") as lines:
        for line in itertools.islice(lines, 0, None, 5):
            yield json.loads(line)["text"]


def main():
    analyzer = SentimentIntensityAnalyzer()
    for text in dict.fromkeys(texts(sys.argv[1])):
        json.dump({"text": text, **analyzer.polarity_scores(text)}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
