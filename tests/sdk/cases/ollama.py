"""`ollama` for Python, /api/chat and /api/generate."""

import ollama

from .shared import ANSWERED, BEFORE, CLEAR, PIXEL, SYSTEM, TOOL, UNICODE, VAGUE, Weather, drain

CLIENT, DIALECT = "ollama-python", "ollama"
CALL = {"function": {"name": "get_weather", "arguments": {"city": "Paris"}}}


def user(content, **more):
    return {"role": "user", "content": content, **more}


def cases(base):
    client = ollama.Client(host=base)

    def chat(*messages, **more):
        return client.chat(model="llama3.2", messages=list(messages), **more)

    def generate(prompt, **more):
        return client.generate(model="llama3.2", prompt=prompt, **more)

    yield "chat", lambda: chat(user(CLEAR))
    yield "chat-vague", lambda: chat(user(VAGUE))
    yield "chat-unicode", lambda: chat(user(UNICODE))
    yield "chat-system", lambda: chat({"role": "system", "content": SYSTEM}, user(VAGUE))
    yield "chat-multi-turn", lambda: chat(user(BEFORE), {"role": "assistant", "content": ANSWERED}, user("And the smallest?"))
    yield "chat-stream", lambda: drain(chat(user(VAGUE), stream=True))
    yield "chat-tools-offered", lambda: chat(user("What is the weather like?"), tools=[TOOL])
    yield "chat-tools-empty", lambda: chat(user(VAGUE), tools=[])
    yield "chat-tool-result", lambda: chat(user("Weather in Paris?"), {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "tool", "content": "21", "tool_name": "get_weather"}, tools=[TOOL])
    yield "chat-after-tool-result", lambda: chat(user("Weather in Paris?"), {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "tool", "content": "21", "tool_name": "get_weather"}, {"role": "assistant", "content": "21 degrees."}, user("And there?"))
    yield "chat-json", lambda: chat(user("The weather as JSON"), format="json")
    yield "chat-schema", lambda: chat(user("Weather in Paris"), format=Weather.model_json_schema())
    yield "chat-image", lambda: chat(user("What is this?", images=[PIXEL]))
    yield "chat-image-only", lambda: chat(user("", images=[PIXEL]))
    yield "chat-thinking", lambda: chat(user(VAGUE), think=True)
    yield "chat-options", lambda: chat(user(VAGUE), options={"temperature": 0.2, "num_predict": 64}, keep_alive="5m")
    yield "chat-logprobs", lambda: chat(user(VAGUE), logprobs=True, top_logprobs=2)
    yield "chat-load", lambda: chat()
    yield "generate", lambda: generate(CLEAR)
    yield "generate-vague", lambda: generate(VAGUE)
    yield "generate-stream", lambda: drain(generate(VAGUE, stream=True))
    yield "generate-system", lambda: generate(VAGUE, system=SYSTEM)
    yield "generate-context", lambda: generate("And the smallest?", context=[1, 2, 3])
    yield "generate-suffix", lambda: generate("def add(a, b):", suffix="    return c")
    yield "generate-raw", lambda: generate("[INST] why? [/INST]", raw=True)
    yield "generate-json", lambda: generate("The weather as JSON", format="json")
    yield "generate-schema", lambda: generate("Weather in Paris", format=Weather.model_json_schema())
    yield "generate-image", lambda: generate("What is this?", images=[PIXEL])
    yield "generate-template", lambda: generate(VAGUE, template="{{ .Prompt }}")
    yield "generate-load", lambda: generate("")
