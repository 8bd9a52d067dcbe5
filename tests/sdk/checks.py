"""What the tests of every SDK share."""

CLEAR = [
    "What is the boiling point of water at sea level in Celsius?",
    "Translate to French: The library closes at nine.",
    "Write a haiku about autumn leaves.",
]
VAGUE = "Summarize the article below."
NOTE = "\n\n<grounding-note>\n"
# What may differ between a direct request and a proxied one: the connection's own headers.
HOP = {"host", "connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"}
# Delivery by `reply`.
REPLIES = """
policy = "ask"
[policies.ask]
rules = [{ act = "clarify", delivery = "reply", gap = ["missing_material", "missing_referent"], ambiguity = 0.5 }]
"""

count = 0


def check(holds, what):
    global count
    count += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def headers(received):
    return sorted((name, value) for name, value in received.headers if name not in HOP)


def same(theirs, ours, what):
    """One request went straight to the upstream, the other through the proxy."""
    check(ours.body == theirs.body, f"{what}: bodies differ:\n{theirs.body}\n{ours.body}")
    check(ours.path == theirs.path, f"{what}: {theirs.path} became {ours.path}")
    check(headers(ours) == headers(theirs), f"{what}: headers differ:\n{headers(theirs)}\n{headers(ours)}")


def one_span(theirs, ours, what):
    """The span by which the bodies differ, which is an insertion that holds the note."""
    added = len(ours.body) - len(theirs.body)
    start = next((i for i, (a, b) in enumerate(zip(theirs.body, ours.body)) if a != b), len(theirs.body))
    check(added > 0 and ours.body[start + added:] == theirs.body[start:], f"{what}: not one insertion:\n{ours.body}")
    span = ours.body[start:start + added].decode()
    check("<grounding-note>" in span, f"{what}: {span}")
    kept = [[header for header in headers(received) if header[0] != "content-length"] for received in (theirs, ours)]
    check(kept[0] == kept[1], f"{what}: headers differ:\n{kept[0]}\n{kept[1]}")
    return span


def secretless(records, *secrets):
    text = str(records)
    for secret in secrets:
        check(secret not in text, f"records hold {secret!r}")
