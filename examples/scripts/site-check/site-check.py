"""Check that web pages answer, with nothing but the standard library.

Exit code 0: all answered. 1: some did not. 75: there was nothing to check.
"""

import os
import sys
import time
import urllib.error
import urllib.request

SLOW_SECONDS = float(os.environ.get("SLOW_SECONDS", "2"))
urls = sys.argv[1:] or os.environ.get("URLS", "").split()
if not urls:
    print("no URLs to check")
    sys.exit(75)

failed = 0
for url in urls:
    began = time.monotonic()
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            outcome = f"{answer.status}"
    except urllib.error.HTTPError as error:
        outcome, failed = f"{error.code} {error.reason}", failed + 1
    except (OSError, ValueError) as error:
        outcome, failed = f"no answer: {error}", failed + 1
    took = time.monotonic() - began
    print(f"{outcome:>4}  {took * 1000:7.1f} ms  {url}{'  SLOW' if took > SLOW_SECONDS else ''}")

sys.exit(1 if failed else 0)
