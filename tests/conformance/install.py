"""Installs the pinned clients: a virtual environment with the Python ones and Node, and a folder with the Node ones.

Usage: install.py FOLDER

Does nothing where FOLDER already holds what the lock files ask for.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LOCKS = ("requirements.txt", "package.json", "package-lock.json")


def install(folder):
    """The environment's Python, and the folder with `node_modules`, its scripts in it."""
    folder = pathlib.Path(folder).resolve()
    python, node = folder / "python" / "bin" / "python", folder / "node"
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCKS)).hexdigest()
    done = folder / "complete"
    if not (done.exists() and done.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        node.mkdir(parents=True)
        packages(folder / "python", python)
        for name in LOCKS[1:]:
            shutil.copy(HERE / name, node)
        # The npm that came with the pinned Node; no package of ours has an installation script.
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
        subprocess.run([python.with_name(npm[0]), *npm[1:]], cwd=node, check=True, env=environment(python))
        done.write_text(wanted)
    # A module finds its packages from where it stands.
    for script in [*(HERE / "clients").glob("*.mjs"), *(HERE.parent / "sdk").glob("*.mjs")]:
        shutil.copy(script, node)
    return python, node


def packages(folder, python):
    requirements = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "-r", HERE / "requirements.txt"]
    if subprocess.run([sys.executable, "-m", "venv", folder], capture_output=True).returncode:
        # Debian splits venv's pip off its python3: the outer pip fills a bare environment.
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        subprocess.run([sys.executable, "-m", "pip", "--python", python, *requirements], check=True)
    else:
        subprocess.run([python, "-m", "pip", *requirements], check=True)


def environment(python):
    """What a client's process may know of ours: where programs are, and nothing that a client would take for a setting."""
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "LANG", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.lower().startswith("npm_config_")}
    return {**kept, "PATH": f"{python.parent}:{os.environ['PATH']}"}


if __name__ == "__main__":
    print(*install(sys.argv[1]), sep="\n")
