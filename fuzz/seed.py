"""First inputs of the fuzz targets: what earlier runs found, recorded requests, golden answers, the example configuration.

Usage: seed.py           fills `fuzz/corpus/<target>`, from anywhere
       seed.py --pack    writes what is there, minimised by then, to `fuzz/corpus.tar.gz`
"""

import gzip
import hashlib
import pathlib
import sys
import tarfile

FUZZ = pathlib.Path(__file__).resolve().parent
WIRE = FUZZ.parent / "tests" / "data" / "wire"
PACKED = FUZZ / "corpus.tar.gz"
LARGEST = 4096


def add(target, content):
    if len(content) <= LARGEST:
        folder = FUZZ / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(content).hexdigest()).write_bytes(content)


def pack():
    """One archive, the same for the same inputs."""
    with open(PACKED, "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path in sorted((FUZZ / "corpus").glob("*/*")):
            entry = tarfile.TarInfo(str(path.relative_to(FUZZ)))
            entry.size = path.stat().st_size
            with open(path, "rb") as content:
                archive.addfile(entry, content)


def main():
    if sys.argv[1:] == ["--pack"]:
        return pack()
    with tarfile.open(PACKED) as archive:
        archive.extractall(FUZZ, filter="data")
    for dialect in sorted(path for path in WIRE.iterdir() if path.is_dir()):
        name = dialect.name.replace("-", "_")
        for recorded in sorted(dialect.glob("recorded/*.http")):
            head, _, body = recorded.read_bytes().partition(b"\n\n")
            # Of a tuple, the parts of a fixed size come from the input's end.
            chosen = {"gemini": b"\x01" if b":stream" in head else b"\x00", "ollama": b"\x01" if b"/api/chat" in head else b"\x00"}
            add(name, body + chosen.get(name, b""))
            add("document", body)
        for answer in sorted([*dialect.glob("*/reply.*"), *dialect.glob("fault.*")]):
            add("sse", answer.read_bytes() + b"\x07")
            add("answers", answer.read_bytes() + bytes([sum(map(ord, name)) % 5, 1 if answer.suffix == ".json" else 0, 7]))
    example = (FUZZ.parent / "examples" / "groundwire.toml").read_text()
    add("configuration", example.encode()[:LARGEST])
    for line in example.splitlines():
        if " = " in line:
            add("configuration", line.removeprefix("# ").encode() + b"\n")


if __name__ == "__main__":
    main()
