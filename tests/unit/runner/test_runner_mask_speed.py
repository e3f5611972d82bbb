"""Masking keeps up with output, and costs a run without secrets nothing."""

import time

from engine.runner.mask import Mask, Masker


def test_a_megabyte_with_many_secrets_takes_a_moment():
    secrets = [f"secret-number-{number}-with-some-length".encode() for number in range(100)]
    masker = Masker(Mask(secrets))
    line = b"a line of ordinary output that goes on for a while, as lines do\n"
    chunk = line * ((1 << 18) // len(line) + 1)
    began = time.process_time()
    for _ in range(4):
        masker.feed(chunk[: 1 << 18])

    assert time.process_time() - began < 1.0
