"""Chunks: what several threads pack at once is what each of them gave."""

import subprocess
import sys

from tests.whole.lab import ROOT

PACKING = """
import random, threading
from schemas.codec import lines_of, pack
wrong = []
def work(number):
    rng = random.Random(number)
    line = b'{"type":"message_submitted","id":"%024x","sender":"user%d@example.net"}'
    for _ in range(300):
        size = rng.choice((1, 3, 50, 500, 1500))
        lines = [line % (rng.getrandbits(90), rng.randrange(9999)) for _ in range(size)]
        if lines_of(pack(lines)).splitlines() != lines:
            wrong.append(number)
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(wrong))
"""


def test_threads_pack_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PACKING], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
