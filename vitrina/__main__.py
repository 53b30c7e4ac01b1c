"""`python -m vitrina` is the command `vitrina`."""

from vitrina.cli import main

main()
