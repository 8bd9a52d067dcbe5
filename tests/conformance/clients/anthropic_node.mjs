// `@anthropic-ai/sdk`: Messages.

import Anthropic from "@anthropic-ai/sdk";
import { all, ANSWERED, ARGUMENTS, assistant, BEFORE, CLEAR, faults, FEW, first, holds, NEXT, NUMBERED, SYSTEM, TURNS, UNICODE, user, VAGUE, WEATHER } from "./said.mjs";

const model = "claude-sonnet-5-5";
const tools = [{ name: "get_weather", description: "The weather now.", input_schema: ARGUMENTS }];
const format = { type: "json_schema", schema: { ...ARGUMENTS, properties: { ...ARGUMENTS.properties, degrees: { type: "integer" } } } };

class Messages {
  constructor(base) {
    this.made = (maxRetries) => new Anthropic({ apiKey: "sk-ant-test", baseURL: base, maxRetries });
    this.client = this.made(0);
  }

  create = (messages, more, client = this.client) => client.messages.create({ model, max_tokens: 1024, messages, ...more });
  final = (text, more) => this.client.messages.stream({ model, max_tokens: 1024, messages: [user(text)], ...more }).finalMessage();

  async whole() {
    const system = [{ type: "text", text: SYSTEM, cache_control: { type: "ephemeral" } }];
    const count = await this.client.messages.countTokens({ model, messages: [user(CLEAR)] });
    return [await this.create([user(BEFORE), assistant(ANSWERED), user(NEXT)], { system }), await this.create([user(UNICODE)]), count];
  }

  async streamed() {
    return [await all(await this.create([user(CLEAR)], { stream: true })), await this.final(UNICODE, { thinking: { type: "adaptive" } })];
  }

  async tools() {
    const asked = await this.create([user(WEATHER)], { tools });
    const call = asked.content.at(-1);
    holds(call.input.city === "Paris", asked);
    const result = user([{ type: "tool_result", tool_use_id: call.id, content: "21" }]);
    return [asked, await this.create([user(WEATHER), assistant(asked.content), result], { tools }), await this.final(WEATHER, { tools, tool_choice: { type: "any" } })];
  }

  async structured() {
    const parsed = await this.client.messages.parse({ model, max_tokens: 1024, messages: [user(WEATHER)], output_config: { format } });
    holds(JSON.parse(parsed.content[0].text).degrees === 21, parsed);
    return [parsed, await this.final(WEATHER, { output_config: { format } })];
  }

  errors() {
    return faults((text) => this.create([user(text)]));
  }

  retries() {
    return this.create([user(`${CLEAR} [flaky]`)], {}, this.made(2));
  }

  async cancellation() {
    const stream = await this.create([user(`${CLEAR} [slow]`)], { stream: true });
    const event = await first(stream);
    stream.controller.abort();
    return event;
  }

  async concurrent() {
    const whole = await Promise.all(NUMBERED.map((text) => this.create([user(text)])));
    return [whole, await all(await this.create([user(CLEAR)], { stream: true }))];
  }

  async steered() {
    const parts = [{ type: "text", text: "The first.", cache_control: { type: "ephemeral" } }, { type: "text", text: UNICODE }];
    return [await this.create([user(VAGUE)], { system: SYSTEM }), await this.create([user(parts)]), await this.final(VAGUE)];
  }

  async conversation() {
    const turns = [];
    for (const text of TURNS) {
      turns.push(user(text));
      turns.push(assistant((await this.create(turns)).content));
    }
    return turns.length;
  }

  async real() {
    const coldest = { max_tokens: FEW, temperature: 0, seed: 1 };
    const whole = await this.create([user(CLEAR)], coldest);
    return [whole.content[0].text, (await this.final(CLEAR, coldest)).content[0].text];
  }

  async reply() {
    const whole = await this.create([user(VAGUE)]);
    const streamed = await this.final(VAGUE);
    const carried = await this.create([user(VAGUE), assistant(whole.content), user(VAGUE)]);
    return { whole: whole.content[0].text, streamed: streamed.content[0].text, after: carried.content[0].text };
  }
}

export const DIALECTS = { "anthropic-messages": Messages };
