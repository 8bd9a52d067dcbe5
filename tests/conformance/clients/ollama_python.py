"""`ollama` for Python: /api/chat and /api/generate."""

import asyncio

import ollama

from said import ANSWERED, ARGUMENTS, BEFORE, CLEAR, NEXT, SYSTEM, TURNS, UNICODE, VAGUE, WEATHER, Weather, faults, numbered, together

MODEL = "llama3.2"
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "The weather now.", "parameters": ARGUMENTS}}


def user(content):
    return {"role": "user", "content": content}


class Ollama:
    def __init__(self, base):
        self.base = base
        self.client = ollama.Client(host=base)

    def chat(self, messages, client=None, **more):
        return (client or self.client).chat(model=MODEL, messages=messages, **more)

    def generate(self, prompt, **more):
        return self.client.generate(model=MODEL, prompt=prompt, **more)

    def whole(self):
        turns = [{"role": "system", "content": SYSTEM}, user(BEFORE), {"role": "assistant", "content": ANSWERED}, user(NEXT)]
        return [self.chat(turns), self.chat([user(UNICODE)], options={"temperature": 0.2}), self.generate(CLEAR, system=SYSTEM)]

    def streamed(self):
        return [list(self.chat([user(CLEAR)], stream=True)), list(self.generate(UNICODE, stream=True))]

    def tools(self):
        first = self.chat([user(WEATHER)], tools=[TOOL])
        assert first.message.tool_calls[0].function.arguments == {"city": "Paris"}, first
        result = {"role": "tool", "content": "21", "tool_name": "get_weather"}
        then = self.chat([user(WEATHER), first.message, result], tools=[TOOL])
        return [first, then, list(self.chat([user(WEATHER)], tools=[TOOL], stream=True))]

    def structured(self):
        shaped = self.chat([user(WEATHER)], format=Weather.model_json_schema())
        assert Weather.model_validate_json(shaped.message.content).degrees == 21, shaped
        return [shaped, self.generate(WEATHER, format="json")]

    def errors(self):
        return [faults(lambda text: self.chat([user(text)])), faults(self.generate),
                faults(lambda text: list(self.chat([user(text)], stream=True)))]

    def retries(self):
        """This client does not try again by itself: its caller does."""
        try:
            self.chat([user(CLEAR + " [flaky]")])
        except ollama.ResponseError as error:
            return [error.status_code, self.chat([user(CLEAR + " [flaky]")])]
        raise AssertionError("the first attempt does not fail")

    def cancellation(self):
        stream = self.chat([user(CLEAR + " [slow]")], stream=True)
        first = next(stream)
        stream.close()
        return first

    def concurrent(self):
        async def all_of_them():
            client = ollama.AsyncClient(host=self.base)
            whole = await asyncio.gather(*(self.chat([user(text)], client) for text in numbered()))
            stream = await self.chat([user(CLEAR)], client, stream=True)
            return [whole, [part async for part in stream]]

        return together(all_of_them)

    def steered(self):
        turns = [{"role": "system", "content": SYSTEM}, user(UNICODE)]
        return [self.chat(turns), self.generate(VAGUE), list(self.chat([user(VAGUE)], stream=True))]

    def conversation(self):
        turns = []
        for text in TURNS:
            turns.append(user(text))
            turns.append(self.chat(turns).message)
        return len(turns)

    def reply(self):
        whole, pieces = self.chat([user(VAGUE)]), list(self.chat([user(VAGUE)], stream=True))
        prompted = self.generate(VAGUE)
        assert prompted.done and prompted.response == whole.message.content, prompted
        assert "".join(piece.response for piece in self.generate(VAGUE, stream=True)) == prompted.response
        assert pieces[-1].done and pieces[-1].done_reason == "stop" and pieces[-1].eval_count, pieces[-1]
        carried = self.chat([user(VAGUE), whole.message, user(VAGUE)])
        return {"whole": whole.message.content, "streamed": "".join(piece.message.content for piece in pieces), "after": carried.message.content}


DIALECTS = {"ollama": Ollama}
