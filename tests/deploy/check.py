"""Checks what people deploy: the Dockerfile and everything in examples/deploy, each with the schema or the linter that is its own.

Usage: check.py GROUNDWIRE_BINARY [--cache FOLDER]

The tools are pinned in requirements.txt and installed into a virtual environment under FOLDER. systemd-analyze (Debian: systemd)
and strace have to be installed. No container engine is needed; the Dockerfile's own steps are those of .ci/run, which is checked.
"""

import argparse
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
DEPLOY = ROOT / "examples" / "deploy"
KEY = "0123456789abcdef" * 4
# Every version that kubernetes-validate has a schema for and whose sidecars are native.
KUBERNETES = ["1.30", "1.34"]
checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def run(*command, **more):
    """Runs a command that has to succeed; its output."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    check(done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def install(folder):
    """The virtual environment's folder of commands."""
    requirements = HERE / "requirements.txt"
    stamp = folder / "complete"
    if not stamp.exists() or stamp.read_text() != requirements.read_text():
        if subprocess.run([sys.executable, "-m", "venv", "--clear", folder], capture_output=True).returncode:
            # Debian splits venv's pip off its python3: the outer pip fills a bare environment.
            subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        subprocess.run([sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", "--no-deps",
                        "--disable-pip-version-check", "--only-binary=:all:", "--require-hashes", "-r", requirements], check=True)
        stamp.write_text(requirements.read_text())
    return folder / "bin"


def configuration(binary, text, what):
    """A configuration has to pass `groundwire check`; what it names on the machine it is for is there."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "key").write_text(KEY)
        text = re.sub(r'"file:[^"]*"', f'"file:{folder}/key"', text)
        text = re.sub(r'"/var/lib/groundwire/', f'"{folder}/', text)
        (folder / "groundwire.toml").write_text(text)
        arguments = [] if "upstream" in re.findall(r"^[\w-]+", text, re.M) else ["--upstream", "http://upstream.invalid"]
        shown = run(binary, "check", folder / "groundwire.toml", *arguments, env={"IDENTITY_KEY": KEY})
        check(shown.startswith("ok\n"), what)
        return shown


def seconds(shown, key):
    """A length of time as `check` shows it."""
    value = re.search(rf'^{key} = "(\d+)(ms|s|m)"', shown, re.M)
    return int(value[1]) * {"ms": 0.001, "s": 1, "m": 60}[value[2]]


def kubernetes(tools, binary, path, yaml):
    for version in KUBERNETES:
        run(tools / "kubernetes-validate", "--strict", "--kubernetes-version", version, path)
    documents = list(yaml.safe_load_all(path.read_text()))
    maps = [document for document in documents if document["kind"] == "ConfigMap"]
    text = maps[0]["data"]["groundwire.toml"]
    shown = configuration(binary, text, path.name)
    drain = seconds(shown, "drain")
    ports = {re.search(rf'^{key} = "[^"]*:(\d+)"', shown, re.M)[1]: key for key in ("listen", "admin")}
    deployment = next(document for document in documents if document["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    containers = {c["name"]: c for c in [*pod["containers"], *pod.get("initContainers", [])]}
    ours = containers["groundwire"]
    pre_stop = max(c.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0) for c in containers.values())
    check(pre_stop >= 5, f"{path.name}: somebody has to sleep until no endpoint is left")
    check(pod["terminationGracePeriodSeconds"] > pre_stop + drain, f"{path.name}: killed before it has drained")
    for name, container in containers.items():
        context = container["securityContext"]
        check(context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"], f"{path.name}: {name}")
        check(context["capabilities"]["drop"] == ["ALL"] and container["resources"]["limits"]["memory"], f"{path.name}: {name}")
    check(pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"], path.name)
    named = {port["name"]: str(port["containerPort"]) for port in ours["ports"]}
    for probe, asks in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        asked = ours[probe]["httpGet"]
        check(asked["path"] == asks and ports[named[asked["port"]]] == "admin", f"{path.name}: {probe}")
        check(re.search(r'^admin = "0\.0\.0\.0:', shown, re.M), f"{path.name}: a probe comes from outside of the pod")
    mounts = {mount["name"] for mount in ours["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    check(mounts <= volumes.keys() and volumes["config"]["configMap"]["name"] == maps[0]["metadata"]["name"], path.name)
    base = [e["value"] for c in containers.values() for e in c.get("env", []) if e["name"] == "OPENAI_BASE_URL"]
    check(all(ports[re.search(r":(\d+)/", url)[1]] == "listen" for url in base), f"{path.name}: {base}")


def compose(tools, path, yaml):
    run(tools / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path)
    services = yaml.safe_load(path.read_text())["services"]
    ours = services["groundwire"]
    check(ours["read_only"] and ours["cap_drop"] == ["ALL"], "compose: a writable root, or capabilities")
    check(all(port.startswith("127.0.0.1:") for port in ours["ports"]), "compose: published to the network")
    upstream = ours["command"][ours["command"].index("--upstream") + 1]
    host, port = re.fullmatch(r"http://(\w+):(\d+)", upstream).groups()
    check(host in services and port in services[host]["command"], f"compose: nobody is at {upstream}")
    return int(ours["stop_grace_period"].rstrip("s"))


def unit(binary, path):
    text = path.read_text()
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / path.name
        copy.write_text(text.replace("/usr/local/bin/groundwire", str(binary)))
        done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True)
        # An unknown option is a warning, and no error.
        check(done.returncode == 0 and str(copy) not in done.stderr, f"{path.name}: {done.stderr}")
        run("systemd-analyze", "security", "--offline=true", "--threshold=20", copy)
    check(re.search(r"^ExecReload=.*-HUP", text, re.M), f"{path.name}: no reload")
    filtered(binary, re.findall(r"^SystemCallFilter=(.*)$", text, re.M))
    return int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.M)[1])


def filtered(binary, filters):
    """No system call of judging is one that the unit forbids."""
    def calls(group):
        listed = run("systemd-analyze", "syscall-filter", group).splitlines()[1:]
        names = [line.strip() for line in listed if line.strip() and not line.strip().startswith("#")]
        return {call for name in names for call in (calls(name) if name.startswith("@") else {name})}
    allowed = set()
    for line in filters:
        groups = [calls(group) for group in line.lstrip("~").split()]
        allowed = allowed - set().union(*groups) if line.startswith("~") else allowed | set().union(*groups)
    with tempfile.NamedTemporaryFile() as file:
        run("strace", "-f", "-qq", "-o", file.name, "-e", "signal=none", binary, "demo", "--json")
        made = set(re.findall(r"^\d+ +(\w+)\(", pathlib.Path(file.name).read_text(), re.M))
    check("memfd_create" in made and "accept4" in made, f"strace saw little: {made}")
    # systemd allows these whatever the filter says; getpgrp and the like have no number of their own everywhere.
    made -= {"execve", "exit", "exit_group", "getrlimit", "rt_sigreturn", "sigreturn"}
    check(made <= allowed, f"the unit forbids {sorted(made - allowed)}")


def image(binary, configured):
    """What the Dockerfile's last stage comes to: binary, C and C++ libraries, configuration; all of it read-only, and no /tmp."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        admin = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder) / "root"
        for name in ("lib", "lib64", "proc", "usr/local/bin", "etc/groundwire"):
            (root / name).mkdir(parents=True)
        shutil.copy(binary, root / "usr/local/bin/groundwire")
        shutil.copy(configured, root / "etc/groundwire/groundwire.toml")
        # Those of distroless/cc: the binary's own, and what ONNX Runtime asks for.
        cache = dict(re.findall(r"^\t(\S+) \([^)]*\) => (\S+)$", run("/sbin/ldconfig", "-p"), re.M)[::-1])
        for name in ("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"):
            shutil.copy(cache[name], root / "lib" / name)
        loader = re.search(r"(/lib\S*/(ld-linux\S*))", run("ldd", binary))
        (root / loader[1].lstrip("/")).parent.mkdir(exist_ok=True)
        shutil.copy(loader[1], root / loader[1].lstrip("/"))
        script = f"""
            mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount -t proc proc "$1/proc" && ! touch "$1/x" 2>/dev/null || exit 3
            in_image() {{ LD_LIBRARY_PATH=/lib exec chroot "$@"; }}
            in_image "$1" /usr/local/bin/groundwire serve --config /etc/groundwire/groundwire.toml --upstream http://127.0.0.1:9 \
                --listen 127.0.0.1:0 --admin {admin} & server=$!
            (in_image "$1" /usr/local/bin/groundwire health --admin {admin} --wait 30s) && kill -TERM "$server" && wait "$server"
        """
        said = run("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "sh", "-c", script, "sh", root)
        check(said.startswith("ready\n"), f"the image: {said}")


def dockerfile(tools, path):
    run(tools / "hadolint", "--failure-threshold", "style", path)
    text = re.sub(r"\\\n *", "", path.read_text())
    runs = [line.removeprefix("RUN ") for line in text.splitlines() if line.startswith("RUN ")]
    gate = (ROOT / ".ci" / "run").read_text()
    for line in runs:
        run(tools / "shellcheck", "--shell=sh", "-", input=line)
        for step in line.split(" && "):
            # The system's packages are the base image's, and the configuration is checked above.
            if not step.startswith(("apt-get ", "rm ")) and " check " not in step:
                check(step in gate.replace(" --quiet", ""), f"Dockerfile: .ci/run does not do `{step}`")
    final = text.split("\nFROM ")[-1]
    check(re.search(r"^USER 65532:65532$", final, re.M) and "RUN" not in re.findall(r"^\w+", final, re.M), "Dockerfile: the last stage")
    check('HEALTHCHECK' in final and '"health"' in final, "Dockerfile: no health check")
    rust = tuple(map(int, re.search(r"FROM rust:(\d+)\.(\d+)", text).groups()))
    oldest = tuple(map(int, re.search(r'^rust-version = "(\d+)\.(\d+)"', (ROOT / "Cargo.toml").read_text(), re.M).groups()))
    check(rust >= oldest, f"Dockerfile: Rust {rust} is older than {oldest}")
    # What .dockerignore lets through is what cargo package would take, and all that the build needs is in it.
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    check(all(list(ROOT.glob(pattern)) for pattern in kept), f".dockerignore: {kept}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary", type=pathlib.Path)
    parser.add_argument("--cache", type=pathlib.Path, default=ROOT / "target" / "deploy")
    arguments = parser.parse_args()
    binary = arguments.binary.resolve()
    tools = install(arguments.cache)
    sys.path[:0] = map(str, (arguments.cache / "lib").glob("python*/site-packages"))
    import yaml

    files = {path.name: path for path in DEPLOY.iterdir()}
    run(tools / "yamllint", "--strict", "--config-file", HERE / "yamllint.yaml", *DEPLOY.glob("*.yaml"))
    service, container = (files.pop(name) for name in ("service.toml", "container.toml"))
    drain = seconds(configuration(binary, service.read_text(), service.name), "drain")
    check(drain < unit(binary, files.pop("groundwire.service")), "the unit is killed before it has drained")
    drain = seconds(configuration(binary, container.read_text(), container.name), "drain")
    check(drain < compose(tools, files.pop("compose.yaml"), yaml), "compose kills it before it has drained")
    for name in ("kubernetes-sidecar.yaml", "kubernetes-gateway.yaml"):
        kubernetes(tools, binary, files.pop(name), yaml)
    check(not files, f"nothing checks {sorted(files)}")
    dockerfile(tools, ROOT / "Dockerfile")
    image(binary, container)
    print(f"deployment files: {checks} checks")


main()
