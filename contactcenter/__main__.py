"""`python -m contactcenter` is `contactcenter`."""

from contactcenter.cli import main

main()
