// `openai` for Node: Chat Completions and Responses.

import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { all, ANSWERED, ARGUMENTS, assistant, BEFORE, CLEAR, faults, FEW, first, holds, NEXT, NUMBERED, SYSTEM, TURNS, UNICODE, user, VAGUE, WEATHER } from "./said.mjs";

const model = "gpt-5-mini";
const Weather = z.object({ city: z.string(), degrees: z.number() });

// What both have in common: `create`, `final` and `text` differ.
class Api {
  constructor(base) {
    this.made = (maxRetries) => new OpenAI({ apiKey: "sk-test", baseURL: `${base}/v1`, maxRetries });
    this.client = this.made(0);
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
    const whole = [await this.create([{ role: "system", content: SYSTEM }, user(VAGUE)]), await this.create([user(this.parts(UNICODE))])];
    return [whole, await all(await this.create([user(VAGUE)], { stream: true }))];
  }

  async conversation() {
    const turns = [];
    for (const text of TURNS) {
      turns.push(user(text));
      turns.push(...this.history(await this.create(turns)));
    }
    return turns.length;
  }

  async real() {
    const whole = await this.create([user(CLEAR)], { temperature: 0, ...this.few });
    const events = await all(await this.create([user(CLEAR)], { stream: true, temperature: 0, ...this.few }));
    return [this.text(whole), events.map(this.piece).join("")];
  }

  async reply() {
    const whole = await this.create([user(VAGUE)], this.stateless);
    const streamed = await this.final(VAGUE);
    const carried = await this.create([user(VAGUE), ...this.history(whole), user(VAGUE)], this.stateless);
    return { whole: this.text(whole), streamed: this.text(streamed), after: this.text(carried) };
  }
}

class Chat extends Api {
  stateless = {};
  few = { max_tokens: FEW, seed: 1 };
  tools_ = [{ type: "function", function: { name: "get_weather", description: "The weather now.", parameters: ARGUMENTS } }];
  create = (messages, more, client = this.client) => client.chat.completions.create({ model, messages, ...more });
  text = (completion) => completion.choices[0].message.content;
  parts = (text) => [{ type: "text", text }];
  piece = (chunk) => chunk.choices[0]?.delta.content ?? "";
  history = (completion) => [completion.choices[0].message];
  final = (text, more) => this.client.chat.completions.stream({ model, messages: [user(text)], ...more }).finalChatCompletion();

  async whole() {
    const turns = [{ role: "system", content: SYSTEM }, user(BEFORE), assistant(ANSWERED), user(NEXT)];
    return [await this.create(turns), await this.create([user(UNICODE)], { n: 2 }), (await this.client.models.list()).data];
  }

  async streamed() {
    return [await all(await this.create([user(CLEAR)], { stream: true, stream_options: { include_usage: true } })), await this.final(UNICODE)];
  }

  async tools() {
    const asked = await this.create([user(WEATHER)], { tools: this.tools_ });
    const message = asked.choices[0].message;
    holds(message.tool_calls[0].function.arguments === '{"city": "Paris"}', message);
    const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "21" };
    const then = await this.create([user(WEATHER), message, result], { tools: this.tools_ });
    return [asked, then, await this.final(WEATHER, { tools: this.tools_, tool_choice: "required" })];
  }

  async structured() {
    const parsed = await this.client.chat.completions.parse({ model, messages: [user(WEATHER)], response_format: zodResponseFormat(Weather, "weather") });
    holds(parsed.choices[0].message.parsed.degrees === 21, parsed);
    return [parsed, await this.final(WEATHER, { response_format: zodResponseFormat(Weather, "weather") })];
  }
}

class Responses extends Api {
  stateless = { store: false };
  few = { max_output_tokens: FEW };
  tools_ = [{ type: "function", name: "get_weather", description: "The weather now.", parameters: ARGUMENTS, strict: true }];
  create = (input, more, client = this.client) => client.responses.create({ model, input, ...more });
  text = (response) => response.output_text;
  parts = (text) => [{ type: "input_text", text }];
  // Its events only: what the stream's helper wants of them, llama.cpp's server leaves out (`content_index`).
  piece = (event) => (event.type === "response.output_text.delta" ? event.delta : "");
  history = (response) => response.output;
  final = (input, more) => this.client.responses.stream({ model, input, ...this.stateless, ...more }).finalResponse();

  async whole() {
    const turns = [user(BEFORE), assistant(ANSWERED), user(NEXT)];
    return [await this.create(turns, { instructions: SYSTEM }), await this.create(UNICODE)];
  }

  async streamed() {
    return [await all(await this.create(CLEAR, { stream: true })), await this.final(UNICODE)];
  }

  async tools() {
    const asked = await this.create([user(WEATHER)], { tools: this.tools_ });
    holds(asked.output[0].arguments === '{"city": "Paris"}', asked);
    const result = { type: "function_call_output", call_id: asked.output[0].call_id, output: "21" };
    const then = await this.create([user(WEATHER), asked.output[0], result], { tools: this.tools_ });
    return [asked, then, await this.final(WEATHER, { tools: this.tools_, tool_choice: "required" })];
  }

  async structured() {
    const parsed = await this.client.responses.parse({ model, input: WEATHER, text: { format: zodTextFormat(Weather, "weather") } });
    holds(parsed.output_parsed.degrees === 21, parsed);
    return [parsed, await this.final(WEATHER, { text: { format: zodTextFormat(Weather, "weather") } })];
  }
}

export const DIALECTS = { "openai-chat": Chat, "openai-responses": Responses };
