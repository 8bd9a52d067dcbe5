#!/usr/bin/env bash
# What an open stream costs: memory over rest, and CPU a chunk, beside nginx and the smallest hyper proxy that buffers.
#
#   tests/bench/streams.sh HARNESS_FOLDER
#
# HARNESS_FOLDER holds the load harness, as for `run.sh`. Proxies run on core 0, mock and load on core 1. Each opens STREAMS
# streamed answers of 100 chunks, ten a second, after request bodies of each of STREAM_SIZES bytes; every size gets fresh
# processes, since memory that one size needed stays with an allocator. groundwire runs in its shipped configuration with
# records written to a file: `off` without a classifier, `cached` with one that has seen the turn.
#
# Environment: STREAMS [1000], STREAM_SIZES [1000 200000], MAX_SECONDS [40], HARNESS_TARGET for the harness's own builds.
set -euo pipefail
harness=$(cd "${1:?folder of the load harness}" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
sizes=${STREAM_SIZES:-1000 200000}
work=$(mktemp -d)
pids=()
ended() { kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; pids=(); }
trap 'ended; rm -rf "$work"' EXIT
ulimit -n 16384

# shellcheck source=tests/bench/programs.sh
. "$root/tests/bench/programs.sh"

for size in $sizes; do
    taskset -c 1 "$bin/mockllm" --stamp --chunks 100 --chunk-interval-ms 100 >/dev/null 2>&1 &
    pids+=($!)
    export MOCK_PID=$!
    targets=$(RUN_DIR=$work/peers PEERS="nginx bare-buffer" bash "$work/harness/peers/start.sh")
    for target in $targets; do IFS=, read -ra found <<<"${target#*,}" && pids+=("${found[@]}"); done
    ours off 9201 $'[classifier]\nmodel = "off"'
    ours cached 9203 ''
    echo "== bodies of $size bytes"
    # shellcheck disable=SC2086
    OUT=$work/$size.jsonl STEPS="rest streams" STREAM_SIZES=$size bash "$work/harness/compare.sh" $targets
    ended
done
