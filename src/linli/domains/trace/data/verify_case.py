#!/usr/bin/env python3
"""Verify one case with nothing but this file, the proof of the case and the published roots.

    python3 verify_case.py proof.json roots.jsonl [linli-root.pem]
    python3 verify_case.py archive.zip roots.jsonl [linli-root.pem]

The second checks an electronic file: every part against the manifest, with a certificate the signature over the manifest, and the
proof inside. Needs Python 3.9 or later and no package; with a certificate file also the ``openssl`` program, for the time stamps.
Exit status 0: everything holds. 1: something was changed; it is named. 2: the files cannot be read.

What it shows: the acts in the proof are exactly those the bureau recorded, in that order, none changed, none left out up
to the last anchored one; because the root of a day is published and stamped on that day, nobody can have changed them
since.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path


def _rotate(x, n):
    n %= 32
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def _sm3_plain(data):
    """SM3 after GB/T 32905, for a Python whose hashlib lacks it."""
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    data = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for start in range(0, len(data), 64):
        w = [int.from_bytes(data[i : i + 4], "big") for i in range(start, start + 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ _rotate(w[j - 3], 15)
            w.append(x ^ _rotate(x, 15) ^ _rotate(x, 23) ^ _rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = _rotate((_rotate(a, 12) + e + _rotate(t, j)) & 0xFFFFFFFF, 7)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + (ss1 ^ _rotate(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, _rotate(b, 9), c
            e, f, g, h = tt2 ^ _rotate(tt2, 9) ^ _rotate(tt2, 17), e, _rotate(f, 19), g
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905  (Python 3.9)
    return b"".join(x.to_bytes(4, "big") for x in state)


def sm3(*parts):
    data = b"".join(parts)
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", data).digest()
    return _sm3_plain(data)


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Changed(Exception):
    """Something does not hold."""


def check_events(proof):
    """Every event against its hash, its place and the one before; returns the hashes by place."""
    previous, hashes = "00" * 32, {}
    for place, event in enumerate(proof["events"], 1):
        header = event["header"]
        where = f"event {place} ({header.get('act')}, {header.get('at')})"
        if header["seq"] != place or header["chain"] != proof["chain"]:
            raise Changed(f"{where}: out of place; an event is missing or belongs to another case")
        if header["prev"] != previous:
            raise Changed(f"{where}: is not linked to the event before it")
        if sm3(canonical(header)).hex() != event["hash"]:
            raise Changed(f"{where}: its content does not match its hash")
        if "data" in event:
            salt = bytes.fromhex(event["data_salt"])
            if sm3(salt, canonical(event["data"])).hex() != header["data"]:
                raise Changed(f"{where}: the data shown are not those recorded")
        previous = hashes[place] = event["hash"]
    return hashes


def check_anchor(proof, anchor, hashes, roots):
    """One anchor: from the event it names, up the tree, to a root that was published."""
    record = anchor["root"]["record"]
    where = f"root {record['number']} of {record['day']}"
    head = hashes.get(anchor["seq"])
    if head is None:
        raise Changed(f"{where}: saw event {anchor['seq']}, which is missing from the proof")
    chain = bytes.fromhex(proof["chain"].replace("-", ""))
    digest = sm3(b"\0", chain, anchor["seq"].to_bytes(8, "big"), bytes.fromhex(head))
    for side, sibling in anchor["path"]:
        sibling = bytes.fromhex(sibling)
        if side not in ("L", "R"):
            raise Changed(f"{where}: the way to it is damaged")
        digest = sm3(b"\1", sibling, digest) if side == "L" else sm3(b"\1", digest, sibling)
    if digest.hex() != record["merkle"]:
        raise Changed(f"{where}: does not contain this case as shown")
    if sm3(canonical(record)).hex() != anchor["root"]["hash"]:
        raise Changed(f"{where}: its record does not match its hash")
    published = roots.get(record["number"])
    if published is None:
        raise Changed(f"{where}: is not among the published roots")
    if published["record"] != record:
        raise Changed(f"{where}: was published with another content")
    return where


def check_roots(roots):
    """The published roots form one chain from the first to the last."""
    previous = "00" * 32
    for number in range(1, len(roots) + 1):
        if number not in roots:
            raise Changed(f"root {number}: missing from the published roots")
        record = roots[number]["record"]
        if record["previous"] != previous:
            raise Changed(f"root {number} of {record['day']}: is not linked to the root before it")
        previous = sm3(canonical(record)).hex()
        if previous != roots[number]["hash"]:
            raise Changed(f"root {number} of {record['day']}: its record does not match its hash")


def check_stamp(entry, certificate):
    """The RFC 3161 time stamp of a root, by openssl."""
    with tempfile.TemporaryDirectory() as folder:
        token, data = Path(folder, "token"), Path(folder, "data")
        token.write_bytes(base64.b64decode(entry["stamp"]))
        data.write_bytes(canonical(entry["record"]))
        done = subprocess.run(
            ["openssl", "ts", "-verify", "-token_in", "-in", token, "-data", data, "-CAfile", certificate],
            capture_output=True,
        )
    if done.returncode:
        raise Changed(f"root {entry['record']['number']}: its time stamp does not hold")


MANIFEST, SIGNATURE, PROOF = "manifest.json", "manifest.p7s", "trace/proof.json"


def check_archive(path, certificate):
    """Every part of an electronic file against its manifest; returns the proof inside, or None if a later package has none."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(set(names)) != len(names):
            raise Changed("the archive has two parts of one name")
        raw = archive.read(MANIFEST)
        manifest = json.loads(raw)
        listed = {part["path"]: part for part in manifest["parts"]}
        extra = sorted(set(names) - set(listed) - {MANIFEST, SIGNATURE})
        if extra:
            raise Changed(f"{extra[0]}: is not in the manifest")
        for name in sorted(listed):
            if name not in names:
                raise Changed(f"{name}: is missing")
            if archive.getinfo(name).file_size != listed[name]["size"]:
                raise Changed(f"{name}: was changed (its size is another)")
            try:
                content = archive.read(name)
            except (zipfile.BadZipFile, zlib.error, EOFError):
                raise Changed(f"{name}: was changed") from None
            if sm3(content).hex() != listed[name]["sm3"]:
                raise Changed(f"{name}: was changed")
        if certificate:
            check_signature(raw, archive.read(SIGNATURE), certificate)
        signed = "its signature holds" if certificate else "its signature was not checked (no certificate given)"
        print(f"archive {manifest['id']}: {len(listed)} parts as the manifest lists them, SM3 {sm3(raw).hex()}, {signed}")
        if PROOF not in listed:
            return None
        proof = json.loads(archive.read(PROOF))
        check_receipts({n: json.loads(archive.read(n)) for n in sorted(listed) if listed[n]["kind"] == "receipt"}, proof)
        return proof


def check_receipts(receipts, proof):
    """What departments answered is what the events tell of, by its digest and its fields; older archives have none."""
    told = {}
    for event in proof["events"]:
        if event["header"]["act"] == "exchange.answered":
            told[event["data"]["question"]] = event["data"]["answer"], event["data"]["fields"]
    for name, receipt in receipts.items():
        if told.get(receipt["question"]) != (receipt["answer_sm3"], sorted(field["name"] for field in receipt["fields"])):
            raise Changed(f"{name}: the events tell of another answer")
    if receipts:
        print(f"{len(receipts)} answers of departments, as the events tell of them")


def check_signature(manifest, signature, certificate):
    """The signature over the manifest, by openssl."""
    with tempfile.TemporaryDirectory() as folder:
        signed, data = Path(folder, "signature"), Path(folder, "data")
        signed.write_bytes(signature)
        data.write_bytes(manifest)
        command = [
            "openssl",
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-in",
            signed,
            "-content",
            data,
            "-CAfile",
            certificate,
        ]
        done = subprocess.run([*command, "-purpose", "any", "-out", Path(folder, "out")], capture_output=True)
    if done.returncode:
        raise Changed("manifest.json: its signature does not hold")


def main(arguments):
    if len(arguments) not in (2, 3):
        print(__doc__)
        return 2
    try:
        whole = zipfile.is_zipfile(arguments[0])
        proof = None if whole else json.loads(Path(arguments[0]).read_text("utf-8"))
        lines = [json.loads(line) for line in Path(arguments[1]).read_text("utf-8").splitlines() if line.strip()]
        roots = {entry["record"]["number"]: entry for entry in lines}
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"cannot read the files: {error}")
        return 2
    try:
        if whole:
            proof = check_archive(arguments[0], arguments[2] if len(arguments) == 3 else None)
            if proof is None:
                check_roots(roots)
                print("OK: what came later to a case; the acts are in the first archive and in a proof made now")
                return 0
        hashes = check_events(proof)
        check_roots(roots)
        anchored = 0
        for anchor in proof["anchors"]:
            where = check_anchor(proof, anchor, hashes, roots)
            kind = "by a time stamp authority" if anchor["root"]["stamped_by"] == "tsa" else "by the bureau's own machine"
            stamped = f"stamped {kind}, stamp not checked (no certificate given)"
            if len(arguments) == 3:
                check_stamp(roots[anchor["root"]["record"]["number"]], arguments[2])
                stamped = f"stamped {kind}, stamp holds"
            anchored = max(anchored, anchor["seq"])
            print(f"events 1 to {anchor['seq']} are fixed by {where}, {stamped}")
    except Changed as error:
        print(f"CHANGED: {error}")
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        print(f"CHANGED: the proof is damaged: {error!r}")
        return 1
    for event in proof["events"]:
        header = event["header"]
        mark = "" if header["seq"] <= anchored else "  (not yet in a published root)"
        print(f"{header['seq']:>4}  {header['at']}  {header['act']}{mark}")
    print(f"OK: {len(proof['events'])} events, {anchored} fixed by published roots")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
