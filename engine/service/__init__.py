"""The composition root: `engine.service.engine.Engine` is what `web` serves.

The modules beside it do without a server; nothing is imported here, so that
`pysched validate` does not pay for what only `pysched serve` needs.
"""
