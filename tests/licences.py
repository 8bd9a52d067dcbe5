"""Fails on a dependency whose licence is not on the list. Reads cargo's own metadata; needs no network."""

import json
import re
import subprocess

ALLOWED = {"MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "Unicode-3.0",
           "CC0-1.0", "MIT-0", "0BSD", "BSL-1.0", "Unlicense", "CDLA-Permissive-2.0", "MPL-2.0", "OpenSSL"}

metadata = json.loads(subprocess.run(["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"],
                                     check=True, capture_output=True).stdout)
bad = []
for package in metadata["packages"]:
    # "A OR B" needs one that is allowed, "A AND B" both; parentheses bind.
    text = (package["license"] or "").replace("/", " OR ")
    text = re.sub(r"[\w.-]+( WITH [\w.-]+)?", lambda m: m[0].lower() if m[0] in ("AND", "OR") else str(m[0] in ALLOWED), text)
    if not text or not re.fullmatch(r"[TrueFalsandor() ]+", text) or not eval(text):
        bad.append(f"{package['name']} {package['version']}: {package['license']}")
if bad:
    raise SystemExit("licences that are not on the list:\n" + "\n".join(bad))
print(f"{len(metadata['packages'])} packages, all under allowed licences")
