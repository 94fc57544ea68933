"""The layouts of Zengin records, as tables. Source: facts.md §5.1 and its field table.

Each row: name, what Japanese banks call it, N (digits, from the right) or C (text, from the left),
bytes, and what may stand there. Offsets follow from the lengths.
"""

from services.formats.zengin.layouts.fields import (
    BANK_NAME,
    DIGITS,
    DIGITS_OR_BLANK,
    EDI,
    ERA_DATE,
    ERA_DATE_OR_NONE,
    MONTH_DAY,
    PARTY_NAME,
    PARTY_NAME_OR_NONE,
    PAYROLL_NAME,
    Rule,
    choice,
    hint,
)
from services.formats.zengin.layouts.shape import (
    DATA,
    END,
    TRAILER,
    Format,
    Layout,
    Rows,
    Sum,
    end_record,
    filler,
    layout_of,
    opening,
    record_type,
)

_CODES_1_TO_9 = choice(*"123456789")
_COUNT_AND_AMOUNT: Rows = (
    record_type(TRAILER),
    ("count", "合計件数", "N", 6, DIGITS),
    ("amount", "合計金額", "N", 12, DIGITS),
)
_TOTALS = layout_of((*_COUNT_AND_AMOUNT, filler(101)))


def _transfer_header(business_type: str) -> Layout:
    return layout_of(
        (
            *opening(business_type),
            ("originator code", "委託者コード", "N", 10, DIGITS),
            ("originator name", "委託者名", "C", 40, PARTY_NAME),
            ("value date", "振込指定日", "N", 4, MONTH_DAY),
            ("origin bank", "仕向銀行番号", "N", 4, DIGITS),
            ("origin bank name", "仕向銀行名", "C", 15, BANK_NAME),
            ("origin branch", "仕向支店番号", "N", 3, DIGITS),
            ("origin branch name", "仕向支店名", "C", 15, BANK_NAME),
            ("account type", "預金種目(依頼人)", "N", 1, choice("1", "2", "9")),
            ("account number", "口座番号(依頼人)", "N", 7, DIGITS),
            filler(17),
        )
    )


def _transfer_data(account_types: str, name: Rule, rest: Rows) -> Layout:
    return layout_of(
        (
            record_type(DATA),
            ("beneficiary bank", "被仕向銀行番号", "N", 4, DIGITS),
            ("beneficiary bank name", "被仕向銀行名", "C", 15, BANK_NAME),
            ("beneficiary branch", "被仕向支店番号", "N", 3, DIGITS),
            ("beneficiary branch name", "被仕向支店名", "C", 15, BANK_NAME),
            ("clearing house", "手形交換所番号", "N", 4, DIGITS_OR_BLANK),
            ("account type", "預金種目", "N", 1, choice(*account_types)),
            ("account number", "口座番号", "N", 7, DIGITS),
            ("beneficiary name", "受取人名", "C", 30, name),
            ("amount", "振込金額", "N", 10, DIGITS),
            ("new code", "新規コード", "N", 1, hint("0", "1", "2")),
            *rest,
        )
    )


# Digits by the table; banks take what their customers write there.
_CUSTOMER_CODES: Rows = (
    ("customer code 1", "顧客コード1", "N", 10, EDI),
    ("customer code 2", "顧客コード2", "N", 10, EDI),
)
_BULK_REST: Rows = (
    ("transfer method", "振込指定区分", "N", 1, hint("7", "8", blank=True)),
    ("identification", "識別表示", "C", 1, hint("Y", blank=True)),
    filler(7),
)
BULK_TRANSFER = Format(
    "21",
    "bulk transfer",
    _transfer_header("21"),
    _transfer_data("1249", PARTY_NAME, (*_CUSTOMER_CODES, *_BULK_REST)),
    _TOTALS,
    end_record(120),
    (Sum("count", "amount"),),
    data_with_edi=_transfer_data(
        "1249", PARTY_NAME, (("EDI", "EDI情報", "C", 20, EDI), *_BULK_REST)
    ),
)


def _payroll(business_type: str, title: str) -> Format:
    rest: Rows = (
        ("employee number", "社員番号", "N", 10, DIGITS_OR_BLANK),
        ("department code", "所属コード", "N", 10, DIGITS_OR_BLANK),
        filler(9),
    )
    data = _transfer_data("12", PAYROLL_NAME, rest)
    sums = (Sum("count", "amount"),)
    return Format(
        business_type, title, _transfer_header(business_type), data, _TOTALS, end_record(120), sums
    )


PAYROLL = _payroll("11", "payroll")
BONUS = _payroll("12", "bonus")

DIRECT_DEBIT = Format(
    "91",
    "direct debit",
    layout_of(
        (
            *opening("91"),
            ("originator code", "委託者コード", "N", 10, DIGITS),
            ("originator name", "委託者名", "C", 40, PARTY_NAME),
            ("debit date", "引落日", "N", 4, MONTH_DAY),
            ("bank", "取引銀行番号", "N", 4, DIGITS),
            ("bank name", "取引銀行名", "C", 15, BANK_NAME),
            ("branch", "取引支店番号", "N", 3, DIGITS),
            ("branch name", "取引支店名", "C", 15, BANK_NAME),
            ("account type", "預金種目", "N", 1, _CODES_1_TO_9),
            ("account number", "口座番号", "N", 7, DIGITS),
            filler(17),
        )
    ),
    layout_of(
        (
            record_type(DATA),
            ("debit bank", "引落銀行番号", "N", 4, DIGITS),
            ("debit bank name", "引落銀行名", "C", 15, BANK_NAME),
            ("debit branch", "引落支店番号", "N", 3, DIGITS),
            ("debit branch name", "引落支店名", "C", 15, BANK_NAME),
            filler(4),
            ("account type", "預金種目", "N", 1, choice("1", "2", "3", "9")),
            ("account number", "口座番号", "N", 7, DIGITS),
            ("depositor name", "預金者名", "C", 30, PARTY_NAME),
            ("amount", "引落金額", "N", 10, DIGITS),
            ("new code", "新規コード", "N", 1, hint("0", "1", "2")),
            ("customer number", "顧客番号", "N", 20, DIGITS_OR_BLANK),
            ("result", "振替結果コード", "N", 1, choice(*"0123489")),
            filler(8),
        )
    ),
    layout_of(
        (
            *_COUNT_AND_AMOUNT,
            ("collected count", "振替済件数", "N", 6, DIGITS),
            ("collected amount", "振替済金額", "N", 12, DIGITS),
            ("failed count", "振替不能件数", "N", 6, DIGITS),
            ("failed amount", "振替不能金額", "N", 12, DIGITS),
            filler(65),
        )
    ),
    end_record(120),
    (
        Sum("count", "amount"),
        Sum("collected count", "collected amount", frozenset({b"0"}), others=False),
        Sum("failed count", "failed amount", frozenset({b"0"})),
    ),
    sorts="result",
)

_NOTICE_OPENING: Rows = (
    ("created", "作成日", "N", 6, ERA_DATE),
    ("from", "勘定日(自)", "N", 6, ERA_DATE),
    ("to", "勘定日(至)", "N", 6, ERA_DATE),
    ("bank", "銀行コード", "N", 4, DIGITS),
    ("bank name", "銀行名", "C", 15, BANK_NAME),
    ("branch", "支店コード", "N", 3, DIGITS),
    ("branch name", "支店名", "C", 15, BANK_NAME),
)

INCOMING_NOTICE = Format(
    "01",
    "incoming transfer notice A",
    layout_of(
        (
            *opening("01"),
            *_NOTICE_OPENING,
            ("account type", "預金種目", "N", 1, choice("1", "2", "4")),
            ("account number", "口座番号", "N", 7, DIGITS),
            ("account name", "口座名", "C", 40, PARTY_NAME),
            filler(93),
        )
    ),
    layout_of(
        (
            record_type(DATA),
            ("inquiry number", "照会番号", "N", 6, DIGITS),
            ("posting date", "勘定日", "N", 6, ERA_DATE),
            ("value date", "起算日", "N", 6, ERA_DATE),
            ("amount", "金額", "N", 10, DIGITS),
            ("other-bank cheque part", "うち他店券", "N", 10, DIGITS_OR_BLANK),
            ("payer code", "振込依頼人コード", "N", 10, DIGITS_OR_BLANK),
            ("payer name", "振込依頼人名", "C", 48, PARTY_NAME),
            ("sending bank name", "仕向銀行名", "C", 15, BANK_NAME),
            ("sending branch name", "仕向店名", "C", 15, BANK_NAME),
            ("cancel flag", "取消区分", "N", 1, choice("0", "1", blank=True)),
            ("EDI", "EDI情報", "C", 20, EDI),
            filler(52),
        )
    ),
    layout_of(
        (
            record_type(TRAILER),
            ("transfer count", "振込合計件数", "N", 6, DIGITS),
            ("transfer amount", "振込合計金額", "N", 12, DIGITS),
            ("cancel count", "取消合計件数", "N", 6, DIGITS),
            ("cancel amount", "取消合計金額", "N", 12, DIGITS),
            filler(163),
        )
    ),
    end_record(200),
    (
        Sum("transfer count", "transfer amount", frozenset({b"1"})),
        Sum("cancel count", "cancel amount", frozenset({b"1"}), others=False),
    ),
    sorts="cancel flag",
)

STATEMENT = Format(
    "03",
    "account statement",
    layout_of(
        (
            *opening("03"),
            *_NOTICE_OPENING,
            ("filler", "ダミー", "N", 3, hint("000", blank=True)),
            ("account type", "預金種目", "N", 1, _CODES_1_TO_9),
            ("account number", "口座番号", "N", 10, DIGITS),
            ("account name", "口座名", "C", 40, PARTY_NAME),
            ("balance sign", "貸越区分", "N", 1, choice("1", "2")),
            ("passbook kind", "通帳・証書区分", "N", 1, DIGITS_OR_BLANK),
            ("opening balance", "取引前残高", "N", 14, DIGITS),
            filler(71),
        )
    ),
    layout_of(
        (
            record_type(DATA),
            ("inquiry number", "照会番号", "N", 8, DIGITS),
            ("posting date", "勘定日", "N", 6, ERA_DATE),
            ("value date", "預入・払出日", "N", 6, ERA_DATE),
            ("direction", "入払区分", "N", 1, choice("1", "2")),
            ("kind", "取引区分", "N", 2, hint("10", "11", "12", "13", "14", "18", "19")),
            ("amount", "取引金額", "N", 12, DIGITS),
            ("other-bank cheque part", "うち他店券", "N", 12, DIGITS_OR_BLANK),
            ("presentation date", "交換呈示日", "N", 6, ERA_DATE_OR_NONE),
            ("return date", "不渡返還日", "N", 6, ERA_DATE_OR_NONE),
            ("bill kind", "手形・小切手区分", "N", 1, DIGITS_OR_BLANK),
            ("bill number", "手形・小切手番号", "N", 7, DIGITS_OR_BLANK),
            ("other branch", "僚店番号", "N", 3, DIGITS_OR_BLANK),
            ("payer code", "振込依頼人コード", "N", 10, DIGITS_OR_BLANK),
            ("payer name", "振込依頼人名又は契約者番号", "C", 48, PARTY_NAME_OR_NONE),
            ("sending bank name", "仕向銀行名", "C", 15, BANK_NAME),
            ("sending branch name", "仕向店名", "C", 15, BANK_NAME),
            ("summary", "摘要", "C", 20, EDI),
            ("EDI", "EDI情報", "C", 20, EDI),
            filler(1),
        )
    ),
    layout_of(
        (
            record_type(TRAILER),
            ("in count", "入金件数", "N", 6, DIGITS),
            ("in amount", "入金額合計", "N", 13, DIGITS),
            ("out count", "出金件数", "N", 6, DIGITS),
            ("out amount", "出金額合計", "N", 13, DIGITS),
            ("balance sign", "貸越区分", "N", 1, choice("1", "2")),
            ("closing balance", "取引後残高", "N", 14, DIGITS),
            ("data count", "データレコード件数", "N", 7, DIGITS),
            filler(139),
        )
    ),
    layout_of(
        (
            record_type(END),
            ("record count", "レコード総件数", "N", 10, DIGITS),
            ("account count", "口座数", "N", 5, DIGITS),
            filler(184),
        )
    ),
    (
        Sum("in count", "in amount", frozenset({b"1"}), others=False),
        Sum("out count", "out amount", frozenset({b"2"}), others=False),
    ),
    sorts="direction",
)

FORMATS = {
    form.business_type.encode(): form
    for form in (BULK_TRANSFER, PAYROLL, BONUS, DIRECT_DEBIT, INCOMING_NOTICE, STATEMENT)
}


def title_of(business_type: str) -> str | None:
    """What a business type is called, such as `bulk transfer`; None for one that is not read."""
    form = FORMATS.get(business_type.encode())
    return form.title if form else None
