"""Show which Python this is: each script may ask for its own version."""

import platform
import sys

print(f"Python {platform.python_version()} ({platform.python_implementation()})")
print(f"interpreter  {sys.executable}")
print(f"environment  {sys.prefix}")
