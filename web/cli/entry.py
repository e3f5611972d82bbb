"""The way into `pysched`.

A server that is started with its options written plainly goes its way at once: the library
of the command line takes a tenth of a start with ten thousand scripts. All else, help and
mistakes included, is left to that library.
"""

import os
import sys

from web.cli.start import Options

# Looking for plug-ins of pydantic reads the metadata of every package that is installed, in
# each process anew; none of ours has one.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def main() -> None:
    """Run the command line and end the process with its exit code."""
    options = Options.plain(sys.argv[1:])
    if options is None:
        from web.cli.main import main as command_line

        command_line()
    else:
        from web.cli.begin import begin
        from web.cli.failure import guarded

        sys.exit(guarded(lambda: begin(options)))


if __name__ == "__main__":
    main()
