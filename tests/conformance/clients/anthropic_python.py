"""`anthropic` for Python: Messages."""

import asyncio

import anthropic

from said import ANSWERED, ARGUMENTS, BEFORE, CLEAR, FEW, NEXT, SYSTEM, TURNS, UNICODE, VAGUE, WEATHER, Weather, faults, numbered, together

MODEL = "claude-sonnet-5-5"
TOOL = {"name": "get_weather", "description": "The weather now.", "input_schema": ARGUMENTS}


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


class Messages:
    def __init__(self, base):
        self.base = base
        self.client = self.made(anthropic.Anthropic)

    def made(self, kind, retries=0):
        return kind(api_key="sk-ant-test", base_url=self.base, max_retries=retries)

    def create(self, messages, client=None, **more):
        return (client or self.client).messages.create(**{"model": MODEL, "max_tokens": 1024, "messages": messages, **more})

    def final(self, text, **more):
        with self.client.messages.stream(model=MODEL, max_tokens=1024, messages=[user(text)], **more) as stream:
            return stream.get_final_message()

    def whole(self):
        thinking = {"type": "enabled", "budget_tokens": 1024}
        turns = [user(BEFORE), assistant(ANSWERED), user(NEXT)]
        cached = [{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}]
        return [self.create(turns, system=cached), self.create([user(UNICODE)], max_tokens=2048, thinking=thinking),
                self.client.messages.count_tokens(model=MODEL, messages=[user(CLEAR)])]

    def streamed(self):
        return [list(self.create([user(CLEAR)], stream=True)), self.final(UNICODE, thinking={"type": "adaptive"})]

    def tools(self):
        first = self.create([user(WEATHER)], tools=[TOOL])
        call = first.content[-1]
        assert call.input == {"city": "Paris"}, call
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "21"}
        then = self.create([user(WEATHER), assistant(first.content), user([result])], tools=[TOOL])
        return [first, then, self.final(WEATHER, tools=[TOOL], tool_choice={"type": "any"})]

    def structured(self):
        parsed = self.client.messages.parse(model=MODEL, max_tokens=1024, messages=[user(WEATHER)], output_format=Weather)
        assert parsed.parsed_output == Weather(city="Paris", degrees=21), parsed
        return [parsed, self.final(WEATHER, output_format=Weather)]

    def errors(self):
        return faults(lambda text: self.create([user(text)]))

    def retries(self):
        return self.create([user(CLEAR + " [flaky]")], self.made(anthropic.Anthropic, 2))

    def cancellation(self):
        with self.create([user(CLEAR + " [slow]")], stream=True) as stream:
            return next(iter(stream))

    def concurrent(self):
        async def all_of_them():
            client = self.made(anthropic.AsyncAnthropic)
            whole = await asyncio.gather(*(self.create([user(text)], client) for text in numbered()))
            stream = await self.create([user(CLEAR)], client, stream=True)
            return [whole, [event async for event in stream]]

        return together(all_of_them)

    def steered(self):
        parts = [{"type": "text", "text": "The first.", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": UNICODE}]
        return [self.create([user(VAGUE)], system=SYSTEM), self.create([user(parts)]), self.final(VAGUE)]

    def conversation(self):
        turns = []
        for text in TURNS:
            turns.append(user(text))
            turns.append(assistant(self.create(turns, cache_control={"type": "ephemeral"}).content))
        return len(turns)

    def real(self):
        coldest = {"extra_body": {"temperature": 0, "seed": 1}}
        whole = self.create([user(CLEAR)], max_tokens=FEW, **coldest)
        with self.client.messages.stream(model=MODEL, max_tokens=FEW, messages=[user(CLEAR)], **coldest) as stream:
            return [whole.content[0].text, stream.get_final_message().content[0].text]

    def reply(self):
        whole, final = self.create([user(VAGUE)]), self.final(VAGUE)
        carried = self.create([user(VAGUE), assistant(whole.content), user(VAGUE)])
        return {"whole": whole.content[0].text, "streamed": final.content[0].text, "after": carried.content[0].text}


DIALECTS = {"anthropic-messages": Messages}
