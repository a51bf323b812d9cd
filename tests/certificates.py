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
