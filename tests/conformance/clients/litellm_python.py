"""`litellm` as a library: one provider a dialect."""

import asyncio
import os

# Its list of prices is fetched from the network else.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402

from said import ANSWERED, ARGUMENTS, BEFORE, CLEAR, FEW, NEXT, SYSTEM, TURNS, UNICODE, VAGUE, WEATHER, Weather, fault, faults, numbered, together  # noqa: E402

litellm.telemetry, litellm.suppress_debug_info = False, True
# Prices that it does not know it asks the Ollama server for, from a thread beside the calls: at no telling when.
for name in ("llama3.2", "ollama/llama3.2", "ollama_chat/llama3.2"):
    litellm.model_cost[name] = {"litellm_provider": "ollama", "mode": "chat", "supports_function_calling": True,
                                "input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS}}


def user(content):
    return {"role": "user", "content": content}


class Completion:
    """`litellm.completion`; each dialect has its model, its base path, and what it takes for a schema."""

    model, path = "openai/gpt-5-mini", "/v1"

    def __init__(self, base):
        self.given = {"model": self.model, "api_base": base + self.path, "api_key": "test"}

    def create(self, messages, retries=0, **more):
        return litellm.completion(messages=messages, num_retries=retries, **{**self.given, **more})

    def whole(self):
        turns = [{"role": "system", "content": SYSTEM}, user(BEFORE), {"role": "assistant", "content": ANSWERED}, user(NEXT)]
        return [self.create(turns), self.create([user(UNICODE)])]

    def streamed(self):
        return list(self.create([user(CLEAR)], stream=True))

    def tools(self):
        first = self.create([user(WEATHER)], tools=[TOOL])
        # Where the upstream gives none, an identifier is made up that is another each time.
        first.choices[0].message.tool_calls[0].id = "call_9pw1"
        result = {"role": "tool", "tool_call_id": "call_9pw1", "name": "get_weather", "content": "21"}
        return [first, self.create([user(WEATHER), first.choices[0].message.model_dump(), result], tools=[TOOL])]

    def structured(self):
        shaped = self.create([user(WEATHER)], response_format=Weather)
        assert Weather.model_validate_json(shaped.choices[0].message.content).degrees == 21, shaped
        return shaped

    def errors(self):
        return faults(lambda text: self.create([user(text)]))

    def retries(self):
        return self.create([user(CLEAR + " [flaky]")], retries=2)

    def cancellation(self):
        async def until_the_first():
            stream = await litellm.acompletion(messages=[user(CLEAR + " [slow]")], stream=True, num_retries=0, **self.given)
            first = await anext(aiter(stream))
            await stream.aclose()
            return first

        return together(until_the_first)

    def concurrent(self):
        async def all_of_them():
            def create(text, **more):
                return litellm.acompletion(messages=[user(text)], num_retries=0, **self.given, **more)

            whole = await asyncio.gather(*map(create, numbered()))
            return [whole, [chunk async for chunk in await create(CLEAR, stream=True)]]

        return together(all_of_them)

    def steered(self):
        return [self.create([user(VAGUE)]), list(self.create([{"role": "system", "content": SYSTEM}, user(UNICODE)], stream=True))]

    def conversation(self):
        turns = []
        for text in TURNS:
            turns.append(user(text))
            turns.append(self.create(turns).choices[0].message.model_dump())
        return len(turns)

    def real(self):
        coldest = {"temperature": 0, "max_tokens": FEW, "model": self.model.replace("gpt-5-mini", "gpt-4o-mini")}
        whole, pieces = self.create([user(CLEAR)], **coldest), self.create([user(CLEAR)], stream=True, **coldest)
        return [whole.choices[0].message.content, "".join(piece.choices[0].delta.content or "" for piece in pieces)]

    def reply(self):
        whole, pieces = self.create([user(VAGUE)]), list(self.create([user(VAGUE)], stream=True))
        carried = self.create([user(VAGUE), whole.choices[0].message.model_dump(), user(VAGUE)])
        streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
        return {"whole": whole.choices[0].message.content, "streamed": streamed, "after": carried.choices[0].message.content}


class Anthropic(Completion):
    model, path = "anthropic/claude-haiku-4-5", ""


class Gemini(Completion):
    model, path = "gemini/gemini-2.5-flash", "/v1beta"


class Ollama(Completion):
    model, path = "ollama_chat/llama3.2", ""


class Responses:
    """`litellm.responses`."""

    tool = {"type": "function", "name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS, "strict": True}

    def __init__(self, base):
        self.given = {"model": "openai/gpt-5-mini", "api_base": base + "/v1", "api_key": "test"}

    def create(self, given, **more):
        return litellm.responses(input=given, **{**self.given, **more})

    def whole(self):
        turns = [user(BEFORE), {"role": "assistant", "content": ANSWERED}, user(NEXT)]
        return [self.create(turns, instructions=SYSTEM), self.create(UNICODE)]

    def streamed(self):
        return list(self.create(CLEAR, stream=True))

    def tools(self):
        first = self.create([user(WEATHER)], tools=[self.tool])
        call = first.output[0]
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "21"}
        return [first, self.create([user(WEATHER), call.model_dump(), result], tools=[self.tool])]

    def structured(self):
        return self.create(WEATHER, text={"format": {"type": "json_schema", "name": "weather", "schema": ARGUMENTS, "strict": True}})

    def errors(self):
        return faults(self.create)

    def retries(self):
        """These are its caller's: `litellm.responses` hands a fault on."""
        return [fault(lambda: self.create(CLEAR + " [flaky]")), self.create(CLEAR + " [flaky]")]

    def cancellation(self):
        async def until_the_first():
            stream = await litellm.aresponses(input=CLEAR + " [slow]", stream=True, **self.given)
            first = await anext(aiter(stream))
            await stream.response.aclose()
            return first

        return together(until_the_first)

    def concurrent(self):
        async def all_of_them():
            whole = await asyncio.gather(*(litellm.aresponses(input=text, **self.given) for text in numbered()))
            return [whole, [event async for event in await litellm.aresponses(input=CLEAR, stream=True, **self.given)]]

        return together(all_of_them)

    def steered(self):
        parts = [{"type": "input_text", "text": UNICODE}]
        return [self.create(VAGUE, instructions=SYSTEM), self.create([user(parts)]), list(self.create(VAGUE, stream=True))]

    def conversation(self):
        turns = []
        for text in TURNS:
            turns.append(user(text))
            turns += [item.model_dump(exclude_none=True) for item in self.create(turns).output]
        return len(turns)

    def real(self):
        coldest = {"temperature": 0, "max_output_tokens": FEW, "model": "openai/gpt-4o-mini"}
        whole, events = self.create(CLEAR, **coldest), list(self.create(CLEAR, stream=True, **coldest))
        return [whole.output_text, "".join(event.delta for event in events if event.type == "response.output_text.delta")]

    def reply(self):
        whole, events = self.create(VAGUE, store=False), list(self.create(VAGUE, store=False, stream=True))
        carried = self.create([user(VAGUE), *(item.model_dump(exclude_none=True) for item in whole.output), user(VAGUE)], store=False)

        def text(response):
            return "".join(part.text for item in response.output for part in item.content)

        return {"whole": text(whole), "streamed": text(events[-1].response), "after": text(carried)}


DIALECTS = {"openai-chat": Completion, "openai-responses": Responses, "anthropic-messages": Anthropic, "gemini": Gemini, "ollama": Ollama}
