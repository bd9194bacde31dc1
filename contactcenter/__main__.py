"""`contactcenter`, and `python -m contactcenter`."""

import gc


def main() -> None:
    """The program."""
    # The collector begins late, and not every few calls: nothing of what is imported is garbage, and looking
    # for some took a quarter of the start.
    gc.set_threshold(50_000, 20, 20)
    from contactcenter.cli import main as cli

    cli()


if __name__ == "__main__":
    main()
