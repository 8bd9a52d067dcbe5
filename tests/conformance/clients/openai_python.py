"""`openai` for Python: Chat Completions and Responses."""

import asyncio
import json

import openai

from said import ANSWERED, ARGUMENTS, BEFORE, CLEAR, FEW, NEXT, SYSTEM, TURNS, UNICODE, VAGUE, WEATHER, Weather, faults, numbered, together

MODEL = "gpt-5-mini"


def user(content):
    return {"role": "user", "content": content}


class Api:
    """What both have in common: `create` and `text` differ."""

    def __init__(self, base):
        self.base = base
        self.client = self.made(openai.OpenAI)

    def made(self, kind, retries=0):
        return kind(api_key="sk-test", base_url=self.base + "/v1", max_retries=retries)

    def errors(self):
        return faults(lambda text: self.create([user(text)]))

    def retries(self):
        return self.create([user(CLEAR + " [flaky]")], self.made(openai.OpenAI, 2))

    def cancellation(self):
        with self.create([user(CLEAR + " [slow]")], stream=True) as stream:
            return next(iter(stream))

    def concurrent(self):
        async def all_of_them():
            client = self.made(openai.AsyncOpenAI)
            whole = await asyncio.gather(*(self.create([user(text)], client) for text in numbered()))
            stream = await self.create([user(CLEAR)], client, stream=True)
            return [whole, [event async for event in stream]]

        return together(all_of_them)

    def steered(self):
        whole = [self.create([{"role": "system", "content": SYSTEM}, user(VAGUE)]), self.create([user(self.parts(UNICODE))])]
        return [whole, list(self.create([user(VAGUE)], stream=True))]

    def conversation(self):
        turns = []
        for text in TURNS:
            turns.append(user(text))
            turns += self.history(self.create(turns))
        return len(turns)

    def real(self):
        whole = self.create([user(CLEAR)], temperature=0, **self.few)
        return [self.text(whole), self.pieces(self.create([user(CLEAR)], stream=True, temperature=0, **self.few))]

    def reply(self):
        whole, final = self.create([user(VAGUE)], **self.stateless), self.final(VAGUE)
        carried = self.create([user(VAGUE), *self.history(whole), user(VAGUE)], **self.stateless)
        return {"whole": self.text(whole), "streamed": self.text(final), "after": self.text(carried)}


class Chat(Api):
    tool = {"type": "function", "function": {"name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS}}
    stateless, few = {}, {"max_tokens": FEW, "seed": 1}

    def create(self, messages, client=None, **more):
        return (client or self.client).chat.completions.create(model=MODEL, messages=messages, **more)

    def text(self, completion):
        return completion.choices[0].message.content

    def pieces(self, stream):
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    def parts(self, text):
        return [{"type": "text", "text": text}]

    def history(self, completion):
        return [completion.choices[0].message]

    def final(self, text, **more):
        with self.client.chat.completions.stream(model=MODEL, messages=[user(text)], **more) as stream:
            return stream.get_final_completion()

    def whole(self):
        turns = [{"role": "system", "content": SYSTEM}, user(BEFORE), {"role": "assistant", "content": ANSWERED}, user(NEXT)]
        return [self.create(turns), self.create([user(UNICODE)], n=2, logprobs=True), self.client.models.list().data]

    def streamed(self):
        return [list(self.create([user(CLEAR)], stream=True, stream_options={"include_usage": True})), self.final(UNICODE)]

    def tools(self):
        first = self.create([user(WEATHER)], tools=[self.tool])
        call = first.choices[0].message.tool_calls[0]
        assert json.loads(call.function.arguments) == {"city": "Paris"}, call
        result = {"role": "tool", "tool_call_id": call.id, "content": "21"}
        then = self.create([user(WEATHER), first.choices[0].message, result], tools=[self.tool])
        return [first, then, list(self.create([user(WEATHER)], tools=[self.tool], tool_choice="required", stream=True))]

    def structured(self):
        parsed = self.client.chat.completions.parse(model=MODEL, messages=[user(WEATHER)], response_format=Weather)
        assert parsed.choices[0].message.parsed == Weather(city="Paris", degrees=21), parsed
        return [parsed, self.final(WEATHER, response_format=Weather)]


class Responses(Api):
    tool = {"type": "function", "name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS, "strict": True}
    stateless, few = {"store": False}, {"max_output_tokens": FEW}

    def create(self, given, client=None, **more):
        return (client or self.client).responses.create(model=MODEL, input=given, **more)

    def text(self, response):
        return response.output_text

    def pieces(self, stream):
        """Its events only: what the stream's helper wants of them, that server leaves out (`content_index`)."""
        return "".join(event.delta for event in stream if event.type == "response.output_text.delta")

    def parts(self, text):
        return [{"type": "input_text", "text": text}]

    def history(self, response):
        return response.output

    def final(self, text, **more):
        with self.client.responses.stream(model=MODEL, input=text, **{**self.stateless, **more}) as stream:
            return stream.get_final_response()

    def whole(self):
        turns = [user(BEFORE), {"role": "assistant", "content": ANSWERED}, user(NEXT)]
        return [self.create(turns, instructions=SYSTEM), self.create(UNICODE), self.create(CLEAR, previous_response_id="resp_1")]

    def streamed(self):
        return [list(self.create(CLEAR, stream=True)), self.final(UNICODE)]

    def tools(self):
        first = self.create([user(WEATHER)], tools=[self.tool])
        call = first.output[0]
        assert json.loads(call.arguments) == {"city": "Paris"}, call
        result = {"type": "function_call_output", "call_id": call.call_id, "output": "21"}
        then = self.create([user(WEATHER), call, result], tools=[self.tool])
        return [first, then, list(self.create(WEATHER, tools=[self.tool], tool_choice="required", stream=True))]

    def structured(self):
        parsed = self.client.responses.parse(model=MODEL, input=WEATHER, text_format=Weather)
        assert parsed.output_parsed == Weather(city="Paris", degrees=21), parsed
        return [parsed, self.final(WEATHER, text_format=Weather)]


DIALECTS = {"openai-chat": Chat, "openai-responses": Responses}
