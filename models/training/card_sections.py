"""The longer sections of the model card, each made of one part of the figures."""

import abstain
import real
import selective
from labels import ASSISTANT_ACTS, GAPS, USER_ACTS
from markdown import between, matrix, number, percent, table
from shown import cut
from sources import TAUGHT
from speed import LONG


def turns(figures, real_figures):
    """The table about `need` on hand-written turns, beside the trivial rules."""
    clear = real_figures["openings and follow-ups"]["needless asks"]
    rows = [
        ["this model", number(figures["AUROC"]), percent(figures["recall of ask"]), percent(figures["false asks"]), percent(clear, 2),
         percent(figures["recall at .5 % of real clear turns, model"])],
        ["TF-IDF + logistic regression, same rows", number(figures["AUROC tf-idf"]), "–", "–", "–",
         percent(figures["recall at .5 % of real clear turns, tf-idf"])],
        ["shorter is vaguer", number(figures["AUROC shorter"]), "–", "–", "–", "–"],
        ["always ask", ".500", "100.0 %", "100.0 %", "100.00 %", "–"],
        ["never ask", ".500", "0.0 %", "0.0 %", "0.00 %", "0.0 %"],
    ]
    return table(["", "AUROC, grade 2 against 0", "recall of ask", "false asks here", "false asks, real clear turns", "recall where .5 % of real clear turns are asked"], rows)


def ten_turns(figures) -> str:
    """Needless questions in a conversation."""
    rows = []
    for part, key in (("never taught", "ten turns"), ("all, three quarters of which taught (flattering)", "ten turns, with those that taught")):
        for rule, f in figures[key].items():
            q, share = f["questions"], f["conversations with one"]
            rows.append([rule, part, *(f"{hits} of {n}" for n, hits in (f["clear openings, asked"], f["clear follow-ups, asked"])),
                         f"{q[0]:.3f} ({q[1]:.3f} to {q[2]:.2f})", f"{percent(share[0])} ({between(share[1:])})"])
    return f"""
### Needless questions in a conversation of {real.TURNS} turns

One clear opening and {real.TURNS - 1} clear follow-ups, from the false asks above (ask >= .5 at the base rate), with 95 % intervals (Clopper-Pearson at 97.5 % on
each of the two rates, so that both hold together). **Asks are taken as independent of each other**; one user's turns are alike, so in truth the questions fall
on fewer conversations. `gentle` asks at most {real.MOST} times, never twice in a row, and not after thanks, a hedge or a refusal.

""" + table(["rule", "real clear turns", "openings asked", "follow-ups asked", "needless questions", "conversations with one or more"], rows) + "\n"


def curves(own) -> str:
    """Risk and coverage, recall within a budget: the values at some points, and the pictures."""
    risk, even, spent = own["curves"].values()
    cover = [str(c) for c in selective.COVERAGES]
    rows = [[f"{name}{part}", *(percent(f["at"][c]) for c in cover), number(f["AURC"], 4)]
            for part, some in (("", risk), (" (hand-written turns alone)", even)) for name, f in some.items()]
    limits = [str(b) for b in selective.BUDGETS]
    return """
## How much to decide, how often to ask

Risk is the share of wrong decisions (of ask, assume and proceed, at the operating point) among the turns decided, the surest first; coverage is
the share decided. Turns are weighted to the base rate, as for calibration; the hand-written ones alone, unweighted, are half hard cases.

![risk against coverage](plots/risk-coverage.svg)

""" + table(["risk at a coverage of", *(f"{float(c):.0%}".replace("%", " %") for c in cover), "area (AURC)"], rows) + """

If so many of all turns may be asked about, the highest-scored first, so many of those that need it (3 %) are:

![recall within a budget](plots/budget.svg)

""" + table(["found within a budget of", *(f"{100 * float(b):.3g} %" for b in limits)],
            [[name, *(percent(f["at"][b]) for b in limits)] for name, f in spent.items()]) + "\n"


def reliability(own) -> str:
    """Calibration."""
    rows = lambda key: [row[:4] for row in own[key]]
    header = lambda what: [f"said ({what})", "true", "turns", "weight"]
    return f"""
Expected calibration error at the prior: ask {own['ECE of ask']:.4f}, ask or assume {own['ECE of ask or assume']:.4f} (ten bins; real and hand-written turns, weighted to the prior).
In the pictures a dot's area is its weight, its bar the 95 % interval at the effective number of turns.

![reliability of ask](plots/reliability-ask.svg) ![reliability of ask or assume](plots/reliability-ask-or-assume.svg)

""" + table(header("ask"), rows("reliability of ask")) + "\n\n" + table(header("ask or assume"), rows("reliability of ask or assume")) + "\n"


def other_heads(own) -> str:
    """F1 of labels, and who is taken for whom."""
    f1 = [[f"{head}: {key}", number(value), n] for head in ("user_act", "gap") for key, (value, n) in own[head]["per label"].items()]
    acts = own["assistant_act"]
    rows = [[name, n, number(precision), number(recall), number(acts["per label"][name][0])]
            for name, (n, precision, recall) in acts["precision and recall"].items()]
    assert list(acts["precision and recall"]) == ASSISTANT_ACTS
    return f"""
## Other heads, same split

`user_act` accuracy {number(own['user_act']['accuracy'])}, macro-F1 {number(own['user_act']['macro-F1'])} (n {own['user_act']['n']}) · `assistant_act` macro-F1 {number(acts['macro-F1'])} (n {acts['n']}) ·
`emotion` AUROC {number(own['emotion']['AUROC'])} ({own['emotion']['positive']} of {own['emotion']['n']}) · `gap` accuracy {number(own['gap']['accuracy'])} (n {own['gap']['n']}, graded 1 or 2).

""" + table(["label", "F1", "n"], f1) + """

What is taken for what (rows: the truth; columns: the head's first choice, by number).

""" + matrix(own["user_act"]["confusion"], USER_ACTS) + "\n\n" + matrix(own["gap"]["confusion"], GAPS) + "\n\nActs of assistants, several of which may hold (each at .5):\n\n" \
        + table(["assistant_act", "n", "precision", "recall", "F1"], rows) + "\n"


def crisis(dev) -> str:
    """What the `crisis` head finds and what it takes for a crisis."""
    part = dev["crisis"]
    rows = [[name, n, percent(share)] for name, (n, share) in part["taken for one"].items()]
    return f"""
## Language of a crisis, on the dev split

AUROC {number(part['AUROC'])} against turns written to look alike; at .5 {percent(part['recall'])} of {part['n']} turns in danger are found. The bias was set on these very turns, for a
recall of .98; `cargo test --test outside` counts on turns that neither taught nor calibrated. This is no diagnosis and no safety system.

""" + table(["no danger, yet taken for one", "turns", "share"], rows) + "\n"


def by_file(dev) -> str:
    """The dev split, file by file."""
    rows = []
    for name, f in dev["by file"].items():
        user, said = f.get("user_act"), f.get("assistant_act")
        rows.append([f"{name}: {f['for']}", f["n"], " / ".join(map(str, f["grades"])), number(f["AUROC"]), percent(f["recall of ask"]), percent(f["false asks"]),
                     f"{percent(f['right order'])} of {f['pairs']}" if f["pairs"] else "–",
                     f"{percent(f['context right order'])} of {f['context pairs']}" if f["context pairs"] else "–",
                     f"{number(user[1])}, {number(user[2])} of {user[3]} (n {user[0]})" if user else "–",
                     f"{number(said[1])} of {said[2]} (n {said[0]})" if said else "–"])
    return "\n## File by file, dev split\n\nEach file was written for another weakness (`models/corpus/README.md`). Dev also chose and calibrated the model, so these are a little kind.\n\n" + table(
        ["file", "turns", "grade 0 / 1 / 2", "AUROC", "recall of ask", "false asks", "right order of pairs", "same turn, two contexts",
         "user_act accuracy, macro-F1 of so many acts", "assistant_act macro-F1 of so many"], rows) + "\n"


def elsewhere(figures) -> str:
    """Public corpora: clear prompts, ambiguity within each source, acts."""
    rows = [[source + (" (taught)" if source in TAUGHT else ""), f["n"], percent(f["asks"]), between(f["95 % of asks"]), percent(f["asks or assumes"])]
            for source, f in figures["clear prompts"].items()]
    out = ["\n## Clear prompts from elsewhere\n\nNone was trained on, but for those marked (of dolly, gsm8k and mtbench101 another part was). The rows below the sources pick from them by words.\n",
           table(["source", "n", "asked", "95 %", "asked or assumed"], rows),
           "\n## Public ambiguity corpora, AUROC within each source\n\nTheir authors' idea of ambiguity, not ours; no label of theirs was trained on, but for the order of instructions in iglu's training part. "
           "TF-IDF stands here twice: taught by the same rows as the model (pooled), and taught inside the source, where it learns that source's authors (five folds, groups unparted). "
           "The interval is of model less pooled TF-IDF (bootstrap over groups). Last, how many of the rows their authors call clear are asked about.\n",
           table(["source", "n", "positive", "this model", "TF-IDF, pooled", "difference, 95 %", "TF-IDF, inside", "shorter", "asked, clear rows"],
                 [[source, f["n"], f["positive"], number(f["AUROC"]), number(f["tf-idf"]),
                   "–" if f["model - tf-idf, 95 %"] is None else "{:+.3f} to {:+.3f}".format(*f["model - tf-idf, 95 %"]),
                   number(f["tf-idf inside"]), number(f["shorter"]), percent(f["asks on its clear rows"])]
                  for source, f in figures["within source"].items()]),
           "\nActs and disclosure on corpora from elsewhere:\n", "\n".join(f"- {key}: {number(value)}" for key, value in figures["other acts"].items())]
    return "\n".join(out) + "\n"


def languages(figures) -> str:
    """Abstention on short English turns."""
    found = figures["abstention"]
    rows = [[name, found[name]["n"], found[name]["abstained"], percent(found[name]["share"], 2)]
            for name in (f"under {abstain.SHORT} characters", f"under {abstain.LONGER} characters")]
    text = "\n## Abstention for language\n\nThe model reads English; the language gate has `groundwire` abstain on the rest. On users' short turns of every corpus here, all of them meant to be English (the test split apart):\n\n"
    text += table(["turns", "n", "abstained", "share"], rows) + "\n"
    if found["turns"]:
        text += "\nThose, some of which are in fact foreign: " + "; ".join(f"“{cut(turn, abstain.SHOWN)}” ({source})" for source, turn in found["turns"][:20]) + ".\n"
    if found["foreign"]:
        some = found["foreign"]
        all_of, seen, asks = (sum(count[k] for count in some.values()) for k in range(3))
        text += f"\nOf {all_of} everyday turns in {len(some)} other languages (`tests/data/languages`) the gate abstains on {percent(seen / all_of)}; {asks} of the others, most of them of four words or fewer, are asked about. "
        text += "Abstained by language: " + ", ".join(f"{language} {count[1]} of {count[0]}" for language, count in some.items()) + ".\n"
    return text


def speed(figures) -> str:
    """Latency, from Rust and from Python."""
    rows = [[name, f"{f['p50 ms, best of five']:.2f}", f"{f['p50 ms']:.2f}", "–" if f["processor ms"] is None else f"{f['processor ms']:.2f}", f["turns"]]
            for name, f in figures["speed"].items()]
    return """A judged turn through `groundwire score` on one pinned core: the pipe, the JSON, the window, the language gate, tokenising, the model and the answer. The
machine was shared with other work: the first column is the median of each turn's best of five, the second of all times, the third is processor time, which
other work hardly moves.

""" + table(["window", "p50 ms, best of five", "p50 ms, all", "mean processor ms", "times"], rows) + f"""

The long conversation is cut to a window of {figures['speed'][LONG]['tokens']} tokens; what it costs above the 128 tokens is reading 200 kB of JSON. The model alone, with onnxruntime in Python, one thread:
{', '.join(f'{ms} ms at {tokens} tokens' for tokens, ms in figures['latency p50 ms'].items())}.
"""
