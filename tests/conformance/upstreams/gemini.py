"""Gemini generateContent and streamGenerateContent (server-sent events, or a JSON array where `alt` is absent)."""

import json
import re
from urllib.parse import parse_qs, urlsplit

from .said import CALL, OBJECT, USAGE, dumped, event, offers, text, words


def takes(path):
    return re.search(r"/models/[^/]+:[A-Za-z]+$", path) is not None


def fault(status):
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
    return {"error": {"code": status, "message": f"try later ({status})", "status": names.get(status, "INTERNAL")}}


def parts(asked):
    last = asked["contents"][-1]
    back = any("functionResponse" in part for part in last["parts"])
    if not back and offers(asked.get("tools"), CALL["name"]):
        return [{"functionCall": {"name": CALL["name"], "args": CALL["arguments"]}}]
    config = asked.get("generationConfig") or {}
    shaped = config.get("responseMimeType", config.get("response_mime_type", "text/plain")) == "application/json"
    return [{"text": word} for word in words(json.dumps(OBJECT) if shaped else text(asked))]


def piece(asked, target, said, last):
    model = re.search(r"/models/([^/:]+):", target)[1]
    candidate = {"content": {"parts": said, "role": "model"}, "index": 0}
    tokens = {"promptTokenCount": USAGE["in"], "cachedContentTokenCount": USAGE["cached"]}
    if last:
        candidate["finishReason"] = "STOP"
        tokens["candidatesTokenCount"] = USAGE["out"]
    tokens["totalTokenCount"] = USAGE["in"] + (USAGE["out"] if last else 0)
    return {"candidates": [candidate], "usageMetadata": tokens, "modelVersion": model, "responseId": "hqAkacWdGY"}


def answer(method, target, asked):
    if ":countTokens" in target:
        return "application/json", [dumped({"totalTokens": USAGE["in"]})]
    said = parts(asked)
    if ":streamGenerateContent" not in target:
        texts = "".join(part.get("text", "") for part in said)
        return "application/json", [dumped(piece(asked, target, [{"text": texts}] if texts else said, True))]
    pieces = [piece(asked, target, [part], i + 1 == len(said)) for i, part in enumerate(said)]
    if parse_qs(urlsplit(target).query).get("alt") == ["sse"]:
        return "text/event-stream", [event(each) for each in pieces], [], True
    array = [(b"[" if i == 0 else b",\r\n") + dumped(each) for i, each in enumerate(pieces)]
    return "application/json; charset=UTF-8", [*array, b"]"], [], True
