"""What the Japanese bank's answers tell of payouts, debits, statements and deposits."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from services.bridge.notices.notice import NoticeRefused, NoticeRequest
from services.bridge.partners.aozora_api import STATUSES, AozoraApi, Fields, journal
from services.bridge.partners.aozora_lists import index
from services.bridge.partners.aozora_payouts import (
    read_receipt,
    read_status,
    search_list,
    search_statement,
)
from services.bridge.partners.aozora_statements import AozoraStatements, read_page
from services.bridge.partners.http import NoAnswer, PartnerHttp, Reply
from services.bridge.payouts.model import Word
from services.core.money import Money
from tests.unit.bridge.payout_builders import ORDER, TODAY, payout

KEY = "token"
TEXT = ORDER.short_reference


def reply(fields: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(fields).encode(), {})


def transfer(status: str = "20", text: str = TEXT, **changes: Any) -> Fields:
    item = {
        "transferAmount": "120000",
        "ediInfo": text,
        "beneficiaryBankCode": "9999",
        "beneficiaryBranchCode": "001",
        "accountNumber": "1234567",
    }
    fields: Fields = {"applyNo": "A1", "transferStatus": status, "totalFee": "145"}
    return fields | {"transferInfos": [item]} | changes


def line(direction: str, text: str = TEXT, amount: str = "120000") -> Fields:
    return {
        "transactionType": direction,
        "amount": amount,
        "remarks": f"ﾌﾘｺﾐ ｶ)ﾃｽﾄｼﾖｳｼﾞ {text}",
        "itemKey": "1",
    }


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("2", Word.SUBMITTED),
        ("3", Word.REJECTED),
        ("4", Word.REJECTED),
        ("5", Word.REJECTED),
        ("8", Word.REJECTED),
        ("11", Word.ACCEPTED),
        ("12", Word.ACCEPTED),
        ("13", Word.ACCEPTED),
        ("20", Word.EXECUTED),
        ("22", Word.RETURNED),
        ("24", Word.EXECUTED),
        ("25", Word.RETURNED),
        ("26", Word.EXECUTED),
        ("30", Word.REJECTED),
        ("40", Word.REJECTED),
        ("99", Word.SILENT),
    ],
)
def test_a_transfer_status_has_one_meaning(status: str, word: Word) -> None:
    answer = read_status(reply({"transferDetails": [transfer(status)]}))
    assert answer.word is word


def test_every_public_status_is_mapped() -> None:
    public = ["2", "3", "4", "5", "8", "11", "12", "13", "20", "22", "24", "25", "26", "30", "40"]
    assert sorted(STATUSES) == sorted(public)


def test_an_inquiry_tells_amount_fee_and_number() -> None:
    answer = read_status(reply({"transferDetails": [transfer()]}))
    assert answer.amount == ORDER.amount
    assert answer.bank_fee == Money(145, "JPY")
    assert answer.partner_reference == "A1"


def test_an_order_that_the_list_no_longer_has_is_not_found() -> None:
    assert read_status(reply({"transferDetails": []})).word is Word.NOT_FOUND


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_request_refused_at_the_door_was_not_taken(status: int) -> None:
    assert read_receipt(Reply(status, b"no", {})).word is Word.NOT_TAKEN


def test_closed_hours_take_nothing() -> None:
    assert read_receipt(reply({"errorCode": "OUT_OF_SERVICE_HOURS"}, 400)).word is Word.NOT_TAKEN


@pytest.mark.parametrize("answer", [Reply(400, b"<html>", {}), reply({"applyNo": "A1"}, 200)])
def test_an_answer_without_its_parts_is_none(answer: Reply) -> None:
    with pytest.raises((NoAnswer, KeyError)):
        read_receipt(answer)


def test_a_lost_order_is_found_by_its_text() -> None:
    lists = index([transfer(text="OTHER"), transfer("11")], [])
    assert search_list(lists, payout()).word is Word.ACCEPTED


def test_an_order_in_no_list_is_not_found() -> None:
    lists = index([transfer(text="OTHER")], [])
    assert search_list(lists, payout()).word is Word.NOT_FOUND


def test_a_transfer_alike_without_any_text_is_for_an_operator_to_see() -> None:
    answer = search_list(index([transfer(text="")], []), payout())
    assert (answer.word, answer.reason) == (Word.SILENT, "PERHAPS_FOUND")


def test_a_statement_entry_shows_what_left_and_what_came_back() -> None:
    left = index([], [line("2")])
    missing = search_list(left, payout())
    assert search_statement(left, payout(), missing).word is Word.EXECUTED
    back = index([transfer()], [line("2"), line("1")])
    done = search_list(back, payout())
    answer = search_statement(back, payout(), done)
    assert (answer.word, answer.partner_reference) == (Word.RETURNED, "A1")


def test_another_amount_on_the_statement_is_not_ours() -> None:
    lists = index([], [line("2", amount="145")])
    assert search_statement(lists, payout(), search_list(lists, payout())).word is Word.NOT_FOUND


def test_names_and_numbers_of_people_are_not_journaled() -> None:
    told = journal({"transfers": [{"beneficiaryName": "ﾔﾏﾀﾞ", "accountNumber": "1234567"}]})
    assert "ﾔﾏﾀﾞ" not in told
    assert "1234567" not in told


def test_a_page_of_a_wanted_size_goes_on_where_it_was_cut() -> None:
    lines = [
        {
            "transactionDate": "2026-10-30",
            "valueDate": "2026-10-30",
            "transactionType": "1",
            "amount": "5",
            "balance": str(number),
            "remarks": "",
            "itemKey": str(number),
        }
        for number in range(3)
    ]
    page = read_page({"transactions": lines, "hasNext": "false"}, 2)
    assert [entry.entry_reference for entry in page.entries] == ["0", "1"]
    assert page.next_page == "1"
    assert read_page({"transactions": lines, "hasNext": "false"}, 3).next_page == ""


DEPOSIT = {
    "vaId": "0000000001",
    "valueDate": "2026-10-30",
    "depositAmount": "5000",
    "remitterNameKana": "ｱｸﾜｲｱﾗ",
    "remarks": "INV 1",
    "itemKey": "00000007",
}


def notice(entry: Fields, key: str = KEY, late: timedelta = timedelta()) -> NoticeRequest:
    body = json.dumps({"messageId": "m", "vaTransaction": entry}).encode()
    time = str(int(TODAY.timestamp()))
    signature = hmac.new(key.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    headers = {"x-webhook-timestamp": time, "x-webhook-signature": signature}
    return NoticeRequest("POST", "/notice/bank", headers, body, "127.0.0.1", TODAY + late)


@pytest.fixture
def statements() -> AozoraStatements:
    api = AozoraApi(PartnerHttp("http://127.0.0.1:1", 1), KEY)
    return AozoraStatements("bank", api, "1", "zengin", KEY)


def test_a_signed_notice_is_a_deposit(statements: AozoraStatements) -> None:
    deposit = statements.read_notice(notice(DEPOSIT))
    assert (deposit.entry_reference, deposit.amount) == ("00000007", Money(5000, "JPY"))


@pytest.mark.parametrize(
    "request_",
    [
        notice(DEPOSIT, key="other"),
        notice(DEPOSIT, late=timedelta(minutes=6)),
        notice({**DEPOSIT, "depositAmount": "-5"}),
        notice({**DEPOSIT, "valueDate": "today"}),
        notice({}),
    ],
)
def test_a_forged_late_or_unreadable_notice_is_refused(
    statements: AozoraStatements, request_: NoticeRequest
) -> None:
    with pytest.raises(NoticeRefused):
        statements.read_notice(request_)
