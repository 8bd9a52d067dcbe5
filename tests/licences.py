"""The licences of the crates that the binary links: none that is not on the list, and all of their texts in src/cli/crates.txt.

Usage: licences.py [--write]

Reads cargo's own metadata and the sources that cargo unpacks. Without --write it fails where crates.txt is not what it would
write: after a change of Cargo.lock, run it with --write and commit the file, which `groundwire licenses` prints.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent
OUTPUT = ROOT / "src" / "cli" / "crates.txt"
ALLOWED = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0",
           "CC0-1.0", "MIT-0", "0BSD", "BSL-1.0", "Unlicense", "CDLA-Permissive-2.0", "MPL-2.0", "OpenSSL"}
# The platforms that there is a ready-made ONNX Runtime for.
TARGETS = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin"]
# Of licences at choice the first that is here is taken, and only its text is printed.
PREFERRED = ["MIT", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "ISC", "Zlib", "Unlicense"]
# How file names tell whose text they hold.
NAMED = {"MIT": r"mit", "Apache-2.0": r"apache", "BSD-3-Clause": r"bsd", "BSD-2-Clause": r"bsd", "ISC": r"isc", "Zlib": r"zlib",
         "Unlicense": r"unlicense"}
# How the text itself tells.
SAID = {"MIT": "Permission is hereby granted, free of charge", "Apache-2.0": "Apache License", "ISC": "Permission to use, copy, modify",
        "BSD-3-Clause": "Redistribution and use", "BSD-2-Clause": "Redistribution and use", "Zlib": "provided 'as-is'",
        "Unlicense": "released into the public domain"}


def metadata(*arguments):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout)


def forbidden(packages):
    bad = []
    for package in packages:
        # "A OR B" needs one that is allowed, "A AND B" both; parentheses bind.
        text = (package["license"] or "").replace("/", " OR ")
        text = re.sub(r"[\w.-]+( WITH [\w.-]+)?",
                      lambda m: m[0].lower() if m[0] in ("AND", "OR") else str(m[0] in ALLOWED), text)
        if not text or not re.fullmatch(r"[TrueFalsandor() ]+", text) or not eval(text):
            bad.append(f"{package['name']} {package['version']}: {package['license']}")
    return bad


def linked():
    """The packages whose code is in the binary: reached by normal dependencies, and no macros, which run while it is compiled."""
    found = {}
    for target in TARGETS:
        data = metadata("--filter-platform", target)
        packages = {package["id"]: package for package in data["packages"]}
        nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
        todo = [data["resolve"]["root"]]
        seen = set()
        while todo:
            node = todo.pop()
            package = packages[node]
            if node in seen or any("proc-macro" in kind for made in package["targets"] for kind in made["kind"]):
                continue
            seen.add(node)
            if package["source"]:
                found[(package["name"], package["version"])] = package
            todo += [dependency["pkg"] for dependency in nodes[node]["deps"]
                     if any(kind["kind"] is None for kind in dependency["dep_kinds"])]
    return [found[key] for key in sorted(found)]


def texts(package):
    """The licence that is taken, and the texts that go with the crate under it."""
    folder = pathlib.Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.rglob("*") if path.is_file() and len(path.relative_to(folder).parts) <= 2
                   and re.match(r"(licen[cs]e|copying|copyright|notice|unlicense|third)", path.name, re.I)
                   and path.suffix.lower() not in (".rs", ".py", ".toml", ".html", ".json"))
    expression = package["license"].replace("/", " OR ")
    whole = {path: path.read_text(errors="replace") for path in files}
    if " AND " in expression or "(" in expression:
        return expression, list(whole.values())
    offered = [licence.strip() for licence in expression.split(" OR ")]
    taken = next((licence for licence in PREFERRED if licence in offered), offered[0])
    wanted = [path for path in files if re.search(NAMED.get(taken, "$^"), path.name, re.I)]
    wanted = wanted or [path for path in files if SAID.get(taken, "\0") in whole[path]]
    wanted = wanted or ([] if len(offered) > 1 else files)
    notices = [path for path in files if re.match(r"(notice|third)", path.name, re.I) and path not in wanted]
    return taken, [whole[path] for path in wanted + notices]


BSD_3 = """Copyright (c) the authors of the crate, as its metadata names them. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the
documentation and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products derived from this
software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO,
THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO,
PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF
LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE,
EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
"""


def own(licence):
    """The text of a licence for a crate that comes without: it names the crate's authors in the place of ours."""
    if licence == "MIT":
        return re.sub(r"^Copyright.*$", "Copyright (c) the authors of the crate, as its metadata names them",
                      (ROOT / "LICENSE-MIT").read_text(), flags=re.M)
    if licence.startswith("Apache-2.0"):
        return (ROOT / "LICENSE-APACHE").read_text()
    if licence == "BSD-3-Clause":
        return BSD_3
    raise SystemExit(f"a crate under {licence} comes without its text")


def listing(packages):
    """Each text once, with the crates that it is for."""
    shared = {}
    for package in packages:
        licence, found = texts(package)
        if not found:
            found = [own(licence)]
        for text in found:
            lines = [line.rstrip() for line in text.replace("\r", "").replace("\ufeff", "").replace("\f", "").strip().split("\n")]
            # The same words, laid out differently, are one text.
            key = re.sub(r"\s+", " ", " ".join(lines)).lower()
            shared.setdefault(key, ["\n".join(lines), licence, []])[2].append(package)
    out = ["Crates that are linked into this binary, and their licences. Written by tests/licences.py."]
    for text, licence, users in sorted(shared.values(), key=lambda entry: (entry[1], entry[2][0]["name"])):
        names = ", ".join(f"{package['name']} {package['version']}" for package in users)
        out.append(f"{'-' * 80}\n{licence}: {names}\n\n{text}")
    return "\n\n".join(out) + "\n"


everything = metadata("--all-features")["packages"]
if bad := forbidden(everything):
    raise SystemExit("licences that are not on the list:\n" + "\n".join(bad))
crates = linked()
written = listing(crates)
if "--write" in sys.argv[1:]:
    OUTPUT.write_text(written)
elif not OUTPUT.exists() or OUTPUT.read_text() != written:
    raise SystemExit("src/cli/crates.txt is not what is linked; run `python3 tests/licences.py --write`, and commit it")
print(f"{len(everything)} packages, all under allowed licences; the texts of the {len(crates)} that are linked are in {OUTPUT.name}")
