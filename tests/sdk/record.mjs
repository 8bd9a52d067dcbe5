// Calls of the Node clients, one after another; record.py receives them and says when to go on.
//
// Prints `client<TAB>case[<TAB>error]` after each call, then waits for a line.

import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { generateText, jsonSchema, Output, streamText, tool } from "ai";
import OpenAI from "openai";
import { createInterface } from "node:readline";

const base = process.argv[2];
const CLEAR = "What is the boiling point of water at sea level in Celsius?";
const VAGUE = "Summarize the article below.";
const SYSTEM = "You are a helpful assistant.";
const BEFORE = "Which planet is the largest?";
const ANSWERED = "Jupiter is the largest planet.";
const UNICODE = 'Résumé “naïve” – \\ <b>"日本語"</b> & 😀\n\tCan you fix it?';
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PARAMETERS = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const user = (content) => ({ role: "user", content });
const drain = async (stream) => { for await (const _ of stream); };

function* openai() {
  const client = new OpenAI({ apiKey: "sk-test", baseURL: `${base}/v1`, maxRetries: 0 });
  const call = { id: "call_9pw1", type: "function", function: { name: "get_weather", arguments: '{"city": "Paris"}' } };
  const tools = [{ type: "function", function: { name: "get_weather", description: "The weather now.", parameters: PARAMETERS } }];
  const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
  const chat = (messages, more) => client.chat.completions.create({ model: "gpt-5-mini", messages, ...more });
  yield ["chat/plain", () => chat([user(CLEAR)])];
  yield ["chat/vague", () => chat([user(VAGUE)])];
  yield ["chat/unicode", () => chat([user(UNICODE)])];
  yield ["chat/system", () => chat([{ role: "system", content: SYSTEM }, user(VAGUE)])];
  yield ["chat/multi-turn", () => chat([user(BEFORE), { role: "assistant", content: ANSWERED }, user("And the smallest?")])];
  yield ["chat/stream", async () => drain(await chat([user(VAGUE)], { stream: true, stream_options: { include_usage: true } }))];
  yield ["chat/stream-helper", () => client.chat.completions.stream({ model: "gpt-5-mini", messages: [user(VAGUE)] }).finalChatCompletion()];
  yield ["chat/tools-offered", () => chat([user("What is the weather like?")], { tools })];
  yield ["chat/tools-empty", () => chat([user(VAGUE)], { tools: [] })];
  yield ["chat/tool-forced", () => chat([user("Weather in Paris")], { tools, tool_choice: "required" })];
  yield ["chat/tool-result", () => chat([user("Weather in Paris?"), { role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: call.id, content: "21" }], { tools })];
  yield ["chat/json-schema", () => chat([user("Weather in Paris")], { response_format: { type: "json_schema", json_schema: { name: "weather", strict: true, schema: PARAMETERS } } })];
  yield ["chat/image", () => chat([user([{ type: "text", text: "What is this?" }, image])])];
  const respond = (input, more) => client.responses.create({ model: "gpt-5-mini", input, ...more });
  const flat = [{ type: "function", name: "get_weather", description: "The weather now.", parameters: PARAMETERS, strict: true }];
  yield ["responses/string", () => respond(VAGUE)];
  yield ["responses/items", () => respond([user(VAGUE)], { instructions: SYSTEM, store: false })];
  yield ["responses/carried-over", async () => respond([user(BEFORE), ...(await respond(BEFORE)).output, user("And the smallest?")])];
  yield ["responses/stream", async () => drain(await respond(VAGUE, { stream: true }))];
  yield ["responses/stream-helper", () => client.responses.stream({ model: "gpt-5-mini", input: VAGUE }).finalResponse()];
  yield ["responses/tools-offered", () => respond("What is the weather like?", { tools: flat })];
  yield ["responses/tool-forced", () => respond("Weather in Paris", { tools: flat, tool_choice: "required" })];
  yield ["responses/tool-result", () => respond([user("Weather?"), { type: "function_call", call_id: "call_9pw1", name: "get_weather", arguments: "{}" }, { type: "function_call_output", call_id: "call_9pw1", output: "21" }], { tools: flat })];
  yield ["responses/json-schema", () => respond("Weather in Paris", { text: { format: { type: "json_schema", name: "weather", strict: true, schema: PARAMETERS } } })];
}

function* anthropic() {
  const client = new Anthropic({ apiKey: "sk-ant-test", baseURL: base, maxRetries: 0 });
  const create = (messages, more) => client.messages.create({ model: "claude-sonnet-5-5", max_tokens: 1024, messages, ...more });
  const tools = [{ name: "get_weather", description: "The weather now.", input_schema: PARAMETERS }];
  const call = { type: "tool_use", id: "toolu_01A0", name: "get_weather", input: { city: "Paris" } };
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } };
  yield ["plain", () => create([user(CLEAR)])];
  yield ["vague", () => create([user(VAGUE)])];
  yield ["unicode", () => create([user(UNICODE)])];
  yield ["system", () => create([user(VAGUE)], { system: SYSTEM })];
  yield ["blocks", () => create([user([{ type: "text", text: VAGUE }])])];
  yield ["carried-over", async () => create([user(BEFORE), { role: "assistant", content: (await create([user(BEFORE)])).content }, user("And the smallest?")])];
  yield ["stream", async () => drain(await create([user(VAGUE)], { stream: true }))];
  yield ["stream-helper", () => client.messages.stream({ model: "claude-sonnet-5-5", max_tokens: 1024, messages: [user(VAGUE)] }).finalMessage()];
  yield ["tools-offered", () => create([user("What is the weather like?")], { tools })];
  yield ["tool-forced", () => create([user("Weather in Paris")], { tools, tool_choice: { type: "any" } })];
  yield ["tool-result", () => create([user("Weather?"), { role: "assistant", content: [call] }, user([{ type: "tool_result", tool_use_id: call.id, content: "21" }])], { tools })];
  yield ["structured", () => create([user("Weather in Paris")], { output_config: { format: { type: "json_schema", schema: PARAMETERS } } })];
  yield ["image", () => create([user([image, { type: "text", text: "What is this?" }])])];
  yield ["count-tokens", () => client.messages.countTokens({ model: "claude-sonnet-5-5", messages: [user(VAGUE)] })];
}

function* ai() {
  const provider = createOpenAI({ apiKey: "sk-test", baseURL: `${base}/v1` });
  for (const [api, model] of [["chat", provider.chat("gpt-4o-mini")], ["responses", provider.responses("gpt-4o-mini")]]) {
    const given = { model, maxRetries: 0 };
    const weather = tool({ description: "The weather now.", inputSchema: jsonSchema(PARAMETERS) });
    const result = [user("Weather in Paris?"), { role: "assistant", content: [{ type: "tool-call", toolCallId: "call_9pw1", toolName: "get_weather", input: { city: "Paris" } }] }, { role: "tool", content: [{ type: "tool-result", toolCallId: "call_9pw1", toolName: "get_weather", output: { type: "text", value: "21" } }] }];
    yield [`${api}/prompt`, () => generateText({ ...given, prompt: CLEAR })];
    yield [`${api}/system`, () => generateText({ ...given, instructions: SYSTEM, system: SYSTEM, prompt: VAGUE })];
    yield [`${api}/multi-turn`, () => generateText({ ...given, messages: [user(BEFORE), { role: "assistant", content: ANSWERED }, user("And the smallest?")] })];
    yield [`${api}/stream`, () => drain(streamText({ ...given, prompt: VAGUE }).textStream)];
    yield [`${api}/tools-offered`, () => generateText({ ...given, prompt: "What is the weather like?", tools: { get_weather: weather } })];
    yield [`${api}/tool-forced`, () => generateText({ ...given, prompt: "Weather in Paris", tools: { get_weather: weather }, toolChoice: "required" })];
    yield [`${api}/tool-result`, () => generateText({ ...given, messages: result, tools: { get_weather: weather } })];
    yield [`${api}/structured`, () => generateText({ ...given, prompt: "Weather in Paris", output: Output.object({ schema: jsonSchema(PARAMETERS) }) })];
    yield [`${api}/image`, () => generateText({ ...given, messages: [user([{ type: "text", text: "What is this?" }, { type: "image", image: PIXEL, mediaType: "image/png" }])] })];
  }
}

globalThis.AI_SDK_LOG_WARNINGS = false;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
for (const [client, cases] of [["openai-node", openai], ["anthropic-node", anthropic], ["ai-sdk", ai]]) {
  for (const [name, call] of cases()) {
    let failed = "";
    try {
      await call();
    } catch (error) {
      failed = `\t${String(error).replace(/\s+/g, " ").slice(0, 300)}`;
    }
    process.stdout.write(`${client}\t${name}${failed}\n`);
    await lines.next();
  }
}
process.exit(0);
