// `ai` with its OpenAI provider: over Chat Completions and over Responses.

import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";
import { all, ANSWERED, ARGUMENTS, assistant, BEFORE, CLEAR, faults, FEW, first, holds, NEXT, NUMBERED, SYSTEM, TURNS, UNICODE, user, VAGUE, WEATHER } from "./said.mjs";

const tools = { get_weather: tool({ description: "The weather now.", inputSchema: jsonSchema(ARGUMENTS) }) };
const weather = Output.object({ schema: jsonSchema({ ...ARGUMENTS, properties: { ...ARGUMENTS.properties, degrees: { type: "integer" } } }) });

// All that was answered, but for what `ai` makes up itself: its own identifiers and times.
const seen = (result) => ({ text: result.text, calls: result.toolCalls, finish: result.finishReason, usage: result.usage, response: { id: result.response.id, modelId: result.response.modelId, headers: Object.keys(result.response.headers ?? {}).length > 0 }, metadata: result.providerMetadata });

class Chat {
  constructor(base) {
    this.model = this.api(createOpenAI({ apiKey: "sk-test", baseURL: `${base}/v1` }));
  }

  api(provider) {
    return provider.chat("gpt-4o-mini");
  }

  text = (more, options) => generateText({ model: this.model, maxRetries: 0, ...options, ...more });

  stream(more) {
    return streamText({ model: this.model, maxRetries: 0, ...this.stateless, ...more, onError: () => {} });
  }

  async whole() {
    const messages = [user(BEFORE), assistant(ANSWERED), user(NEXT)];
    return [seen(await this.text({ messages, instructions: SYSTEM })), seen(await this.text({ prompt: UNICODE }))];
  }

  async streamed() {
    const stream = this.stream({ prompt: CLEAR });
    const pieces = await all(stream.textStream);
    return [pieces, await stream.finishReason, await stream.usage];
  }

  async tools() {
    const asked = await this.text({ prompt: WEATHER, tools });
    holds(asked.toolCalls[0].input.city === "Paris", seen(asked));
    const output = { type: "text", value: "21" };
    const result = { role: "tool", content: [{ type: "tool-result", toolCallId: asked.toolCalls[0].toolCallId, toolName: "get_weather", output }] };
    const then = await this.text({ messages: [user(WEATHER), ...asked.response.messages, result], tools });
    const stream = this.stream({ prompt: WEATHER, tools, toolChoice: "required" });
    await stream.consumeStream();
    return [seen(asked), seen(then), await stream.toolCalls];
  }

  async structured() {
    const parsed = await this.text({ prompt: WEATHER, output: weather });
    holds(parsed.output.degrees === 21, seen(parsed));
    return [seen(parsed), parsed.output];
  }

  errors() {
    return faults((prompt) => this.text({ prompt }));
  }

  async retries() {
    return seen(await this.text({ prompt: `${CLEAR} [flaky]`, maxRetries: 2 }));
  }

  async cancellation() {
    const gone = new AbortController();
    const stream = this.stream({ prompt: `${CLEAR} [slow]`, abortSignal: gone.signal });
    const piece = await first(stream.textStream);
    gone.abort();
    return piece;
  }

  async concurrent() {
    const whole = await Promise.all(NUMBERED.map((prompt) => this.text({ prompt })));
    return [whole.map(seen), await all(this.stream({ prompt: CLEAR }).textStream)];
  }

  async steered() {
    const parts = [user([{ type: "text", text: UNICODE }])];
    const whole = [await this.text({ prompt: VAGUE, instructions: SYSTEM }), await this.text({ messages: parts })];
    return [whole.map(seen), await all(this.stream({ prompt: VAGUE }).textStream)];
  }

  async conversation() {
    const messages = [];
    for (const text of TURNS) {
      messages.push(user(text));
      messages.push(...(await this.text({ messages }, this.stateless)).response.messages);
    }
    return messages.length;
  }

  async real() {
    const coldest = { prompt: CLEAR, temperature: 0, maxOutputTokens: FEW };
    return [(await this.text(coldest)).text, (await all(this.stream(coldest).textStream)).join("")];
  }

  async reply() {
    const whole = await this.text({ prompt: VAGUE }, this.stateless);
    const pieces = await all(this.stream({ prompt: VAGUE }).textStream);
    const carried = await this.text({ messages: [user(VAGUE), ...whole.response.messages, user(VAGUE)] }, this.stateless);
    return { whole: whole.text, streamed: pieces.join(""), after: carried.text };
  }
}

class Responses extends Chat {
  stateless = { providerOptions: { openai: { store: false } } };

  api(provider) {
    return provider.responses("gpt-4o-mini");
  }
}

export const DIALECTS = { "openai-chat": Chat, "openai-responses": Responses };
