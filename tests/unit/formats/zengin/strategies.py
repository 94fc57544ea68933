"""Any file that can be written, for hypothesis."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from services.formats.zengin import (
    Account,
    BulkTransfer,
    DebitResult,
    DirectDebit,
    Direction,
    Group,
    IncomingNotice,
    NoticeHeader,
    OrderHeader,
    PayrollTransfer,
    StatementEntry,
    StatementHeader,
)
from tests.unit.formats.zengin.samples import AS_OF

_KANA = [chr(code) for code in range(ord("ｱ"), ord("ﾝ") + 1)]
_SYLLABLES = [*_KANA, *(kana + "ﾞ" for kana in "ｳｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾊﾋﾌﾍﾎ"), "ﾊﾟ", "ﾎﾟ"]
_LATIN = list("ABCXYZ0189")


def texts(most: int, signs: str = "", required: bool = False) -> Any:
    """Text of at most `most` bytes, as a field of it can hold and give back."""
    pieces = st.lists(st.sampled_from([*_SYLLABLES, *_LATIN, *signs, " "]), max_size=most)
    whole = pieces.map(lambda some: "".join(some).strip())
    return whole.filter(lambda text: len(text) <= most and (text != "" or not required))


def digits(length: int) -> Any:
    return st.text("0123456789", min_size=length, max_size=length)


def codes(length: int) -> Any:
    """A code that may be left out: zeros say that it is."""
    return digits(length).map(lambda code: code if code.strip("0") else "")


def accounts(types: str, number: int = 7) -> Any:
    name = texts(15, "-")
    return st.builds(
        Account, digits(4), digits(3), st.sampled_from(types), digits(number), name, name
    )


_party = texts(30, "().-")
_edi = texts(20, "\\｢｣()/.-ｦ")
_near = st.integers(-150, 150).map(lambda apart: AS_OF + timedelta(apart))
_any_day = st.dates(date(2012, 1, 1), date(2040, 12, 31))
_yen = st.integers(0, 10**10 - 1)
_code = st.one_of(digits(10), texts(10, "-"))

bulk_transfers = st.builds(
    BulkTransfer,
    accounts("1249"),
    _party,
    _yen,
    st.sampled_from("012"),
    st.tuples(_code, _code),
    st.none(),
    st.sampled_from(["7", "8", ""]),
    clearing_house=digits(4),
) | st.builds(BulkTransfer, accounts("1249"), _party, _yen, st.sampled_from("012"), edi=_edi)
payroll_transfers = st.builds(
    PayrollTransfer,
    accounts("12"),
    st.lists(st.sampled_from(_SYLLABLES), max_size=15).map("".join),
    _yen,
    st.sampled_from("012"),
    codes(10),
    codes(10),
    digits(4),
)
direct_debits = st.builds(
    DirectDebit,
    accounts("1239"),
    _party,
    _yen,
    codes(20),
    st.sampled_from("012"),
    st.sampled_from(DebitResult),
)
notices = st.builds(
    IncomingNotice,
    digits(6),
    _any_day,
    _any_day,
    _yen,
    texts(48, "().-"),
    codes(10),
    texts(15, "-"),
    texts(15, "-"),
    st.booleans(),
    _edi,
    _yen,
)
entries = st.builds(
    StatementEntry,
    digits(8),
    _any_day,
    _any_day,
    st.sampled_from(Direction),
    st.sampled_from(["10", "11", "12", "13", "14", "18", "19"]),
    st.integers(0, 10**12 - 1),
    texts(48, "().-"),
    codes(10),
    texts(15, "-"),
    texts(15, "-"),
    _edi,
    _edi,
    st.integers(0, 10**12 - 1),
    st.none() | _any_day,
    st.none() | _any_day,
    codes(1),
    codes(7),
    codes(3),
)


def _orders(business_type: str, some: Any) -> Any:
    header = st.builds(
        OrderHeader,
        st.just(business_type),
        digits(10),
        texts(40, "().-"),
        _near,
        accounts("129"),
    )
    answered = st.just(True) if business_type == "91" else st.just(False)
    return st.builds(Group, header, st.lists(some, max_size=4), answered)


_frame = (_any_day, _any_day, _any_day)
_balance = st.integers(-(10**13), 10**13)
files: Any = st.one_of(
    *(
        st.lists(group, min_size=1, max_size=3)
        for group in (
            _orders("21", bulk_transfers),
            _orders("11", payroll_transfers),
            _orders("12", payroll_transfers),
            _orders("91", direct_debits),
            st.builds(
                Group,
                st.builds(NoticeHeader, *_frame, accounts("124"), texts(40, "().-")),
                st.lists(notices, max_size=4),
            ),
            st.builds(
                Group,
                st.builds(
                    StatementHeader,
                    *_frame,
                    accounts("123456789", 10),
                    texts(40, "().-"),
                    _balance,
                    digits(1),
                ),
                st.lists(entries, max_size=4),
            ),
        )
    )
)
