"""Certificates for servers of the tests."""

import subprocess
from pathlib import Path

from tests.parts import require


def make(folder: Path, name: str = "server", host: str = "IP:127.0.0.1") -> tuple[Path, Path]:
    """Make a self-signed certificate for a host; return the files of the certificate and of its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = [require("openssl", "openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += [
        "-subj",
        f"/CN={name}",
        "-addext",
        f"subjectAltName={host}",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def expired(folder: Path, name: str = "old") -> tuple[Path, Path]:
    """Make a certificate that counted until yesterday; return its file and that of its key."""
    program = require("openssl", "openssl")
    certificate, key, request = (folder / f"{name}.{ending}" for ending in ("pem", "key", "csr"))
    asked = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request]
    signed = ["x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", certificate]
    for command in (asked, signed):
        subprocess.run([program, *map(str, command)], check=True, capture_output=True)
    request.unlink()
    return certificate, key
