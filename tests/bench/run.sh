#!/usr/bin/env bash
# groundwire beside a direct connection, nginx and the smallest hyper proxy that buffers, under one load.
#
#   tests/bench/run.sh HARNESS_FOLDER
#
# HARNESS_FOLDER holds the load harness: `mockllm`, `loadgen`, `bareproxy`, `compare.sh`, `peers/start.sh`. nginx and taskset
# must be installed. Proxies run on core 0, mock and load on core 1; runs are interleaved. groundwire runs in its shipped
# configuration with records written to a file, three times: classifier off, on (nothing remembered), and cached.
#
# With LITELLM_BIN (the `litellm` of `pip install "litellm[proxy]" onnxruntime tokenizers`) LiteLLM runs beside them, plain and
# with a hook that runs our model from Python.
#
# Environment: SIZES, ROUNDS, SECONDS_EACH, STEPS as compare.sh has them, OUT for the raw results.
set -euo pipefail
harness=$(cd "${1:?folder of the load harness}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
export STEPS=${STEPS:-rest closed open} SIZES=${SIZES:-1000 20000 200000} ROUNDS=${ROUNDS:-3} SECONDS_EACH=${SECONDS_EACH:-3}
export OUT=${OUT:-$work/results.jsonl}
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT

# shellcheck source=tests/bench/programs.sh
. "$root/tests/bench/programs.sh"

taskset -c 1 "$bin/mockllm" --stamp --chunks 100 --chunk-interval-ms 100 >/dev/null 2>&1 &
pids+=($!)
export MOCK_PID=$!
export CLASSIFY_MODEL=$root/models/ambiguity/model.onnx CLASSIFY_TOKENIZER=$root/models/ambiguity/tokenizer.json
peers=$(RUN_DIR=$work/peers PEERS="nginx bare-buffer${LITELLM_BIN:+ litellm litellm+onnx}" bash "$work/harness/peers/start.sh")
# LiteLLM wants a key, which was made for this run; the others pass it on.
[ -z "${LITELLM_BIN:-}" ] || export HEADER="authorization: Bearer $(cat "$work/peers/proxy.key")"
for target in $peers; do IFS=, read -ra found <<<"${target#*,}" && pids+=("${found[@]}"); done

targets=$peers
ours off 9201 $'[classifier]\nmodel = "off"'
ours on 9202 $'[classifier]\ncache = 0\ndeadline = "1s"'
ours cached 9203 ''
sleep 1
# shellcheck disable=SC2086
bash "$work/harness/compare.sh" $targets
for name in off on cached; do
    python3 - "$work/$name.jsonl" "$name" <<'PY'
import collections, json, sys
records = [json.loads(line) for line in open(sys.argv[1])]
why = collections.Counter(record["bypass"] or "judged" for record in records)
own = sorted(record["own_micros"] for record in records)
if own:
    print(f"{sys.argv[2]}: {len(records)} turns, {dict(why)}; own microseconds p50 {own[len(own) // 2]}, p99 {own[len(own) * 99 // 100]}")
PY
done
