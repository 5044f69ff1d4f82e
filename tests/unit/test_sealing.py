"""Secrets at rest."""

import pytest

from campaign.kit import sealing

KEY = b"0123456789abcdef0123456789abcdef"


def test_a_sealed_secret_comes_back():
    sealed = sealing.seal(KEY, "whsec_皮革", context="webhook_secret")
    assert b"whsec_" not in sealed
    assert sealing.unseal(KEY, sealed, context="webhook_secret") == "whsec_皮革"


def test_the_same_text_is_never_sealed_the_same_twice():
    assert sealing.seal(KEY, "a", context="x") != sealing.seal(KEY, "a", context="x")


@pytest.mark.parametrize(
    ("key", "context", "change"),
    [
        (b"another key", "webhook_secret", lambda sealed: sealed),
        (KEY, "connector", lambda sealed: sealed),
        (KEY, "webhook_secret", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (KEY, "webhook_secret", lambda sealed: b"\x02" + sealed[1:]),
        (KEY, "webhook_secret", lambda sealed: sealed[:5]),
        (KEY, "webhook_secret", lambda _: b""),
    ],
)
def test_what_was_changed_or_moved_is_not_unsealed(key, context, change):
    sealed = change(sealing.seal(KEY, "whsec_a", context="webhook_secret"))
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(key, sealed, context=context)


def test_subkeys_differ_by_purpose():
    assert sealing.derive(KEY, "a") != sealing.derive(KEY, "b")
