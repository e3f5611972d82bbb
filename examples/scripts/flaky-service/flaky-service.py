"""Ask a service that needs a moment to wake up: the first attempt fails, the second succeeds."""

import os
import sys

attempt = int(os.environ.get("PYSCHED_ATTEMPT", "1"))
print(f"attempt {attempt}")
if attempt == 1:
    print("the service is still starting up", file=sys.stderr)
    sys.exit(75)
print("the service answered")
