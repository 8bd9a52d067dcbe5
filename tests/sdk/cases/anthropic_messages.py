"""`anthropic` for Python, Messages."""

import anthropic

from .shared import ANSWERED, ARGUMENTS, BEFORE, CLEAR, PIXEL, SYSTEM, UNICODE, VAGUE, Weather, drain

CLIENT, DIALECT = "anthropic-python", "anthropic-messages"
MODEL = "claude-sonnet-5-5"
TOOL = {"name": "get_weather", "description": "The weather now.", "input_schema": ARGUMENTS}
CALL = {"type": "tool_use", "id": "toolu_01A0", "name": "get_weather", "input": {"city": "Paris"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_01A0", "content": "21"}


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


def text(said, **more):
    return {"type": "text", "text": said, **more}


def cases(base):
    client = anthropic.Anthropic(api_key="sk-ant-test", base_url=base, max_retries=0)
    cached = {"cache_control": {"type": "ephemeral"}}
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Water boils."}}
    thought = {"type": "thinking", "thinking": "They ask about Paris.", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"}

    def create(*messages, **more):
        return client.messages.create(**{"model": MODEL, "max_tokens": 1024, "messages": list(messages), **more})

    def helped(**more):
        with client.messages.stream(model=MODEL, max_tokens=1024, messages=[user(VAGUE)], **more) as stream:
            stream.get_final_message()

    def carried():
        first = create(user(BEFORE))
        create(user(BEFORE), assistant(first.content), user("And the smallest?"))

    yield "plain", lambda: create(user(CLEAR))
    yield "vague", lambda: create(user(VAGUE))
    yield "unicode", lambda: create(user(UNICODE))
    yield "system", lambda: create(user(VAGUE), system=SYSTEM)
    yield "system-blocks", lambda: create(user(VAGUE), system=[text(SYSTEM, **cached)])
    yield "blocks", lambda: create(user([text(VAGUE)]))
    yield "two-blocks", lambda: create(user([text("The article says that water boils."), text(VAGUE)]))
    yield "cache-control", lambda: create(user([text("A long text."), text(VAGUE, **cached)]))
    yield "cache-control-string-turn", lambda: create(user([text(BEFORE, **cached)]), assistant(ANSWERED), user("And the smallest?"))
    yield "cache-automatic", lambda: create(user(VAGUE), **cached)
    yield "multi-turn", lambda: create(user(BEFORE), assistant(ANSWERED), user("And the smallest?"))
    yield "carried-over", carried
    yield "user-twice", lambda: create(user(BEFORE), user(VAGUE))
    yield "stream", lambda: drain(create(user(VAGUE), stream=True))
    yield "stream-helper", helped
    yield "tools-offered", lambda: create(user("What is the weather like?"), tools=[TOOL])
    yield "tools-empty", lambda: create(user(VAGUE), tools=[])
    yield "tools-hosted", lambda: create(user("What happened today?"), tools=[{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}])
    yield "tool-forced", lambda: create(user("Weather in Paris"), tools=[TOOL], tool_choice={"type": "tool", "name": "get_weather"})
    yield "tool-any", lambda: create(user("Weather in Paris"), tools=[TOOL], tool_choice={"type": "any"})
    yield "tool-none", lambda: create(user(VAGUE), tools=[TOOL], tool_choice={"type": "none"})
    yield "tool-result", lambda: create(user("Weather in Paris?"), assistant([text("I’ll look."), CALL]), user([RESULT]), tools=[TOOL])
    yield "tool-result-blocks", lambda: create(user("Weather in Paris?"), assistant([CALL]), user([{**RESULT, "content": [text("21"), image]}]), tools=[TOOL])
    yield "tool-result-and-text", lambda: create(user("Weather in Paris?"), assistant([CALL]), user([RESULT, text("And there?")]), tools=[TOOL])
    yield "after-tool-result", lambda: create(user("Weather in Paris?"), assistant([CALL]), user([RESULT]), assistant("21 degrees."), user("And there?"), tools=[TOOL])
    yield "prefill", lambda: create(user(VAGUE), assistant("{"))
    yield "thinking", lambda: create(user(VAGUE), max_tokens=4096, thinking={"type": "enabled", "budget_tokens": 2048})
    yield "thinking-history", lambda: create(user(BEFORE), assistant([thought, text(ANSWERED)]), user("And the smallest?"), max_tokens=4096, thinking={"type": "enabled", "budget_tokens": 2048})
    yield "redacted-thinking-history", lambda: create(user(BEFORE), assistant([{"type": "redacted_thinking", "data": "EmwK"}, text(ANSWERED)]), user("And the smallest?"))
    yield "parse", lambda: client.messages.parse(model=MODEL, max_tokens=1024, messages=[user("Weather in Paris")], output_format=Weather)
    yield "output-format", lambda: create(user("Weather in Paris"), extra_body={"output_format": {"type": "json_schema", "schema": ARGUMENTS}}, extra_headers={"anthropic-beta": "structured-outputs-2025-11-13"})
    yield "image", lambda: create(user([image, text("What is this?")]))
    yield "image-only", lambda: create(user([image]))
    yield "document", lambda: create(user([document, text("Summarize it.")]))
    yield "options", lambda: create(user(VAGUE), extra_body={"temperature": 0.2, "top_k": 5}, stop_sequences=["END"], metadata={"user_id": "u-1"}, service_tier="auto")
    yield "one-token", lambda: create(user("quota"), max_tokens=1)
    yield "beta", lambda: client.beta.messages.create(model=MODEL, max_tokens=1024, messages=[user(VAGUE)], betas=["context-management-2025-06-27"])
    yield "count-tokens", lambda: client.messages.count_tokens(model=MODEL, messages=[user(VAGUE)])
