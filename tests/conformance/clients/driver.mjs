// Runs a client's cells: reads `{"dialect", "mode", "base"}` a line, writes `{"value"}` or `{"failed"}` a line.
//
// Usage: driver.mjs MODULE

import { createInterface } from "node:readline";

console.log = console.error;
globalThis.AI_SDK_LOG_WARNINGS = false;
const { DIALECTS } = await import(`./${process.argv[2]}.mjs`);
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await new DIALECTS[asked.dialect](asked.base)[asked.mode]()) ?? null };
  } catch (error) {
    answer = { failed: `${error.stack ?? error}` };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
