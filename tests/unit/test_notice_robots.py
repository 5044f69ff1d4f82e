"""Chat robots: signatures against vectors made by the platforms' own words, and what answers mean."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from campaign.delivery.backoff import after_try
from campaign.delivery.notices import robots
from campaign.kit.outgoing import Answer

MS = 1_700_000_000_123
DING_URL = "https://oapi.dingtalk.com/robot/send?access_token=abc"
FEISHU_URL = "https://open.feishu.cn/open-apis/bot/v2/hook/abc"


def answered(body: bytes, status: int | None = 200, error: str | None = None) -> Answer:
    return Answer(status, error, body, None, 1)


# openssl: printf '1700000000123\nSECtest' | openssl dgst -sha256 -hmac SECtest -binary | base64
def test_dingtalk_signs_milliseconds_and_secret_under_the_secret():
    assert robots.dingtalk_sign("SECtest", MS) == "lrMq5E54T40t3FfGVjxdvoqIbXlWY6mzkZYiVoI6emk="


# openssl: printf '' | openssl dgst -sha256 -mac HMAC -macopt hexkey:<hex of "1700000000\nFSKEY"> -binary | base64
def test_feishu_signs_nothing_under_seconds_and_secret():
    assert robots.feishu_sign("FSKEY", 1_700_000_000) == "GMNwRP38N1L+lP+qYGmii7r0BMwd8j97CWJL4Z6hBUc="


def test_dingtalk_carries_its_signature_in_the_address_quoted():
    asked = robots.ask("dingtalk", DING_URL, "SECtest", "开播", MS)
    query = parse_qs(urlsplit(asked.url).query)
    assert query == {
        "access_token": ["abc"],
        "timestamp": [str(MS)],
        "sign": ["lrMq5E54T40t3FfGVjxdvoqIbXlWY6mzkZYiVoI6emk="],
    }
    assert "+" not in urlsplit(asked.url).query
    assert json.loads(asked.body) == {"msgtype": "text", "text": {"content": "开播"}}


def test_feishu_carries_its_signature_in_the_body():
    asked = robots.ask("feishu", FEISHU_URL, "FSKEY", "开播", 1_700_000_000_999)
    assert asked.url == FEISHU_URL
    assert json.loads(asked.body) == {
        "timestamp": "1700000000",
        "sign": "GMNwRP38N1L+lP+qYGmii7r0BMwd8j97CWJL4Z6hBUc=",
        "msg_type": "text",
        "content": {"text": "开播"},
    }


def test_without_a_secret_nothing_is_signed():
    assert robots.ask("dingtalk", DING_URL, None, "x", MS).url == DING_URL
    assert "sign" not in json.loads(robots.ask("feishu", FEISHU_URL, None, "x", MS).body)
    wecom = robots.ask("wecom", "https://qyapi.weixin.qq.com/x?key=k", None, "x", MS)
    assert wecom == robots.Asked(
        "https://qyapi.weixin.qq.com/x?key=k", b'{"msgtype":"text","text":{"content":"x"}}'
    )


def test_a_title_cannot_call_everybody_in_a_feishu_group():
    text = json.loads(robots.ask("feishu", FEISHU_URL, None, '<at user_id="all"></at>', MS).body)["content"][
        "text"
    ]
    assert "<" not in text


@pytest.mark.parametrize(
    ("kind", "body", "status", "error"),
    [
        ("dingtalk", b'{"errcode":0,"errmsg":"ok"}', 200, None),
        (
            "feishu",
            b'{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}',
            200,
            None,
        ),
        ("wecom", b'{"errcode":0,"errmsg":"ok"}', 200, None),
        ("dingtalk", b'{"errcode":130101,"errmsg":"send too fast"}', 429, "robot_busy"),
        ("feishu", b'{"code":11232,"msg":"frequency limited"}', 429, "robot_busy"),
        ("wecom", b'{"errcode":45009,"errmsg":"api freq out of limit"}', 429, "robot_busy"),
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}', 400, "robot_refused"),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}', 400, "robot_refused"),
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}', 410, "robot_gone"),
        ("dingtalk", b"<html>gateway</html>", None, "protocol"),
        ("wecom", b"[]", None, "protocol"),
        ("wecom", b'{"errcode":"0"}', None, "protocol"),
        ("wecom", b'{"errcode":true}', None, "protocol"),
        ("wecom", b'{"errcode":99999999999999}', None, "protocol"),
        ("wecom", b"[" * 4000, None, "protocol"),
        ("wecom", b"", None, "protocol"),
    ],
)
def test_only_code_0_is_success_whatever_http_says(kind, body, status, error):
    verdict = robots.judge(kind, answered(body))
    assert (verdict.status, verdict.error) == (status, error)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (r'"\ud800"', "?"),
        (r'"a\u0000b\udfff\ud83d\ude00"', "ab?😀"),
        (r'["\ud800"]', "['\\ud800']"),
    ],
)
def test_an_answers_words_can_be_written_down_whatever_they_are(said, kept):
    verdict = robots.judge("dingtalk", answered(b'{"errcode":0,"errmsg":%s}' % said.encode()))
    assert (verdict.status, verdict.words) == (200, kept)


def test_too_fast_waits_a_minute_and_is_no_failure():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    verdict = robots.judge("wecom", answered(b'{"errcode":45009,"errmsg":"slow down"}'))
    then = after_try(0, verdict.status, verdict.retry_after, now, 0.5)
    assert (then.state, then.due_at) == ("pending", now + timedelta(seconds=60))


def test_an_http_error_stays_what_it_is():
    verdict = robots.judge("feishu", answered(b'{"code":0}', 502))
    assert (verdict.status, verdict.code) == (502, 0)
    assert robots.judge("feishu", answered(b"", None, "timeout")).error == "timeout"
