"""Keep the tables of `docs/reference` equal to the code they describe.

The prose of a page is written by hand. What is between the lines
`<!-- generated: NAME -->` and `<!-- end -->` is made from the models, the command
line and the HTTP routes by `./dev schemas`; a test fails while a page differs.
"""
