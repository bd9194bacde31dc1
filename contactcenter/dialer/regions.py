"""Where telephone numbers and addresses of the United States and of Canada lie: some states' rules are
stricter than the country's.

Area codes as of the tables of libphonenumber 9.0, the states' zones as of the tz database, ZIP codes by their
first three digits. A part of a country is named by ISO 3166-2 (`US-FL`), a country by ISO 3166-1 (`CA`).
"""

from collections.abc import Iterator, Mapping

from contactcenter.values import frozen

NEW_YORK, CHICAGO, DENVER = "America/New_York", "America/Chicago", "America/Denver"
LOS_ANGELES, PHOENIX = "America/Los_Angeles", "America/Phoenix"


@frozen
class State:
    """One state, with the District of Columbia: fifty-one."""

    code: str
    """ISO 3166-2."""
    zones: tuple[str, ...]
    """Every zone of which a part of it keeps the clock."""
    area_codes: tuple[int, ...]
    zips: tuple[tuple[int, int], ...]
    """The first three digits of its ZIP codes, from and to."""


def _state(code: str, zones: tuple[str, ...], area_codes: str, zips: str) -> State:
    ranges = [each.partition("-") for each in zips.split()]
    return State(
        code=f"US-{code}",
        zones=zones,
        area_codes=tuple(int(each) for each in area_codes.split()),
        zips=tuple((int(begin), int(end or begin)) for begin, _, end in ranges),
    )


_EAST, _MIDDLE, _MOUNTAINS, _WEST = (NEW_YORK,), (CHICAGO,), (DENVER,), (LOS_ANGELES,)
_EAST_AND_MIDDLE, _MIDDLE_AND_MOUNTAINS = (NEW_YORK, CHICAGO), (CHICAGO, DENVER)
_MOUNTAINS_AND_WEST = (DENVER, LOS_ANGELES)

STATES: Mapping[str, State] = {
    state.code: state
    for state in (
        _state("AK", ("America/Anchorage", "America/Adak"), "907", "995-999"),
        _state("AL", _EAST_AND_MIDDLE, "205 251 256 334 659 938", "350-369"),
        _state("AR", _MIDDLE, "327 479 501 870", "716-729"),
        _state("AZ", (PHOENIX, DENVER), "480 520 602 623 928", "850-865"),
        _state(
            "CA",
            _WEST,
            "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 "
            "714 738 747 760 805 818 820 831 840 858 909 916 925 949 951",
            "900-961",
        ),
        _state("CO", _MOUNTAINS, "303 719 720 748 970 983", "800-816"),
        _state("CT", _EAST, "203 475 860 959", "060-069"),
        _state("DC", _EAST, "202 771", "200 202-205 569"),
        _state("DE", _EAST, "302", "197-199"),
        _state(
            "FL",
            _EAST_AND_MIDDLE,
            "239 305 321 324 352 386 407 448 561 645 656 689 727 728 754 772 786 813 850 863 904 941 954",
            "320-339 341-342 344 346-347 349",
        ),
        _state("GA", _EAST, "229 404 470 478 678 706 762 770 912 943", "300-319 398-399"),
        _state("HI", ("Pacific/Honolulu",), "808", "967-968"),
        _state("IA", _MIDDLE, "319 515 563 641 712", "500-528"),
        _state("ID", _MOUNTAINS_AND_WEST, "208 986", "832-838"),
        _state("IL", _MIDDLE, "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 872", "600-629"),
        _state("IN", _EAST_AND_MIDDLE, "219 260 317 463 574 765 812 930", "460-479"),
        _state("KS", _MIDDLE_AND_MOUNTAINS, "316 620 785 913", "660-679"),
        _state("KY", _EAST_AND_MIDDLE, "270 364 502 606 859", "400-427"),
        _state("LA", _MIDDLE, "225 318 337 504 985", "700-714"),
        _state("MA", _EAST, "339 351 413 508 617 774 781 857 978", "010-027 055"),
        _state("MD", _EAST, "227 240 301 410 443 667", "206-219"),
        _state("ME", _EAST, "207", "039-049"),
        _state("MI", _EAST_AND_MIDDLE, "231 248 269 313 517 586 616 734 810 906 947 989", "480-499"),
        _state("MN", _MIDDLE, "218 320 507 612 651 763 952", "550-567"),
        _state("MO", _MIDDLE, "235 314 417 557 573 636 660 816 975", "630-658"),
        _state("MS", _MIDDLE, "228 601 662 769", "386-397"),
        _state("MT", _MOUNTAINS, "406", "590-599"),
        _state("NC", _EAST, "252 336 472 704 743 828 910 919 980 984", "270-289"),
        _state("ND", _MIDDLE_AND_MOUNTAINS, "701", "580-588"),
        _state("NE", _MIDDLE_AND_MOUNTAINS, "308 402 531", "680-693"),
        _state("NH", _EAST, "603", "030-038"),
        _state("NJ", _EAST, "201 551 609 640 732 848 856 862 908 973", "070-089"),
        _state("NM", _MOUNTAINS, "505 575", "870-884"),
        _state("NV", _MOUNTAINS_AND_WEST, "702 725 775", "889-898"),
        _state(
            "NY",
            _EAST,
            "212 315 329 332 347 363 516 518 585 607 631 646 680 716 718 838 845 914 917 929 934",
            "005 100-149",
        ),
        _state("OH", _EAST, "216 220 234 283 326 330 380 419 440 513 567 614 740 937", "430-459"),
        _state("OK", _MIDDLE_AND_MOUNTAINS, "405 539 572 580 918", "730-732 734-749"),
        _state("OR", _MOUNTAINS_AND_WEST, "458 503 541 971", "970-979"),
        _state("PA", _EAST, "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878", "150-196"),
        _state("RI", _EAST, "401", "028-029"),
        _state("SC", _EAST, "803 821 839 843 854 864", "290-299"),
        _state("SD", _MIDDLE_AND_MOUNTAINS, "605", "570-577"),
        _state("TN", _EAST_AND_MIDDLE, "423 615 629 731 865 901 931", "370-385"),
        _state(
            "TX",
            _MIDDLE_AND_MOUNTAINS,
            "210 214 254 281 325 346 361 409 430 432 469 512 682 713 726 737 806 817 830 832 903 915 936 940 "
            "945 956 972 979",
            "733 750-799 885",
        ),
        _state("UT", _MOUNTAINS, "385 435 801", "840-847"),
        _state("VA", _EAST, "276 434 540 571 686 703 757 804 826 948", "201 220-246"),
        _state("VT", _EAST, "802", "050-054 056-059"),
        _state("WA", _WEST, "206 253 360 425 509 564", "980-994"),
        _state("WI", _MIDDLE, "262 274 353 414 534 608 715 920", "530-549"),
        _state("WV", _EAST, "304 681", "247-268"),
        _state("WY", _MOUNTAINS, "307", "820-831"),
    )
}

CANADA_ZONES = (
    *("America/St_Johns", "America/Halifax", "America/Toronto", "America/Winnipeg", "America/Regina"),
    *("America/Edmonton", "America/Fort_Nelson", "America/Vancouver"),
)
"""The clocks of Canada, as `libphonenumber` names them."""


def state_of_area(code: int) -> str:
    """The state of an area code, such as 305; empty: none of these, or of no place at all."""
    return _BY_AREA.get(code, "")


def state_of_zip(code: str) -> str:
    """The state of a ZIP code such as `33101` or `33101-1234`; empty: it is none."""
    digits = code.strip().replace("-", "").replace(" ", "")
    if len(digits) not in (5, 9) or not (digits.isascii() and digits.isdecimal()):
        return ""
    return _BY_ZIP.get(int(digits[:3]), "")


def _zips() -> Iterator[tuple[int, str]]:
    for state in STATES.values():
        for begin, end in state.zips:
            yield from ((each, state.code) for each in range(begin, end + 1))


_BY_AREA = {area: state.code for state in STATES.values() for area in state.area_codes}
_BY_ZIP = dict(_zips())
