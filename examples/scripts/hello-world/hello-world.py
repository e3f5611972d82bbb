"""Greet somebody: the smallest script there is. Run it by hand or through its URL."""

import os
import sys

name = " ".join(sys.argv[1:]) or os.environ.get("NAME", "world")
print(f"Hello, {name}!")
print(f"This is run {os.environ.get('PYSCHED_RUN_ID', '(not under pysched)')},", end=" ")
print(f"started by {os.environ.get('PYSCHED_CAUSE', 'hand')}.")

payload = os.environ.get("PYSCHED_PAYLOAD")
if payload:
    with open(payload, encoding="utf-8") as file:
        print("It came with this message:", file.read())
