# shellcheck shell=bash disable=SC2154,SC2034
# Sourced by the benchmarks: builds the programs that are compared, and starts groundwire.
#
# Needs `harness` (its folder), `root` (ours), `work` (a folder for the run) and `pids` (what is to be ended); sets `bin`.
for tool in nginx taskset cargo; do command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }; done
export CARGO_TARGET_DIR=${HARNESS_TARGET:-$root/target/harness}
cargo build --quiet --release --locked --manifest-path "$harness/Cargo.toml"
(unset CARGO_TARGET_DIR && cargo build --quiet --release --locked --manifest-path "$root/Cargo.toml")
bin=$CARGO_TARGET_DIR/release
# compare.sh and start.sh look for the programs under the harness's own target folder; give them one.
mkdir -p "$work/harness/target" && cp -r "$harness"/compare.sh "$harness"/peers "$work/harness/" && ln -s "$bin" "$work/harness/target/release"

ours() { # name, port, extra configuration
    local name=$1 port=$2
    printf 'listen = "127.0.0.1:%s"\nadmin = "off"\nupstream = "http://127.0.0.1:9000"\n[records]\nto = "%s"\n%s\n' \
        "$port" "$work/$name.jsonl" "$3" >"$work/$name.toml"
    taskset -c 0 "$root/target/release/groundwire" serve --config "$work/$name.toml" --port-file "$work/$name.port" 2>"$work/$name.log" &
    pids+=($!)
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.1
    done
    targets="$targets $name=http://127.0.0.1:$port,$!"
}
