"""Signed tree heads: what is signed, what is refused, and that other tools can read it."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ipdesk.core.audit.merkle import EMPTY_ROOT
from ipdesk.core.audit.signing import (
    Checkpoint,
    CheckpointInvalid,
    key_id,
    new_private_key,
    public_key,
    sign,
    verify,
)

ORIGIN = "desk.example/audit"
PRIVATE = bytes(range(32))
PUBLIC = public_key(PRIVATE)
OTHER = bytes(range(1, 33))
HEAD = Checkpoint(ORIGIN, 20_852_163, bytes(range(100, 132)), datetime(2026, 12, 3, 15, 59, 59, 250, tzinfo=UTC))


def refused(text, code, *, origin=ORIGIN, keys=(PUBLIC,)):
    with pytest.raises(CheckpointInvalid) as error:
        verify(text, origin=origin, public_keys=keys)
    assert error.value.code == code


def test_a_signed_head_verifies_and_gives_back_the_head():
    assert verify(sign(HEAD, PRIVATE), origin=ORIGIN, public_keys=[PUBLIC]) == HEAD


def test_the_text_of_a_head():
    assert HEAD.text() == (
        "desk.example/audit\n20852163\nZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoM=\n2026-12-03T15:59:59.000250Z\n"
    )


def test_the_same_instant_in_another_zone_is_the_same_text():
    shanghai = HEAD.at.astimezone(timezone(timedelta(hours=8)))

    assert Checkpoint(ORIGIN, HEAD.size, HEAD.root, shanghai).text() == HEAD.text()


def test_the_key_id_is_the_one_of_signed_notes():
    """The published example key of the signed-note format, and its signature."""
    key = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    blob = base64.b64decode("x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"

    assert key[:1] == b"\x01"
    assert key_id("PeterNeumann", key[1:]) == "c74f20a3" == blob[:4].hex()
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(blob[4:], text.encode())


def test_the_signature_line_names_the_log_and_the_key():
    line = sign(HEAD, PRIVATE).splitlines()[-1]
    dash, name, blob = line.split(" ")

    assert (dash, name) == ("—", ORIGIN)
    assert base64.b64decode(blob)[:4].hex() == key_id(ORIGIN, PUBLIC)
    assert len(base64.b64decode(blob)) == 4 + 64


def test_the_head_of_an_empty_log_can_be_signed():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT, HEAD.at)

    assert verify(sign(empty, PRIVATE), origin=ORIGIN, public_keys=[PUBLIC]).size == 0


def test_every_changed_character_is_refused():
    signed = sign(HEAD, PRIVATE)
    for at, character in enumerate(signed):
        for other in {"0", "1", "A", "\n", " "} - {character}:
            with pytest.raises(CheckpointInvalid):
                verify(signed[:at] + other + signed[at + 1 :], origin=ORIGIN, public_keys=[PUBLIC])


def test_every_missing_or_doubled_character_is_refused():
    signed = sign(HEAD, PRIVATE)
    for at in range(len(signed)):
        for changed in (signed[:at] + signed[at + 1 :], signed[:at] + signed[at] + signed[at:]):
            with pytest.raises(CheckpointInvalid):
                verify(changed, origin=ORIGIN, public_keys=[PUBLIC])


@pytest.mark.parametrize(("line", "changed"), [
    (1, "20852164"), (2, base64.b64encode(bytes(32)).decode()), (3, "2026-12-03T16:00:00.000250Z"),
])
def test_another_size_root_or_time_under_the_old_signature_is_refused(line, changed):
    lines = sign(HEAD, PRIVATE).split("\n")
    lines[line] = changed
    refused("\n".join(lines), "signature_wrong")


@pytest.mark.parametrize(("line", "changed"), [
    (0, ""), (1, "020852163"), (1, "-1"), (1, "+5"), (1, "２"), (1, "1" * 20), (2, ""), (2, "AAAA"), (2, "not base64"),
    (2, base64.b64encode(bytes(32)).decode() + "="), (3, ""), (3, "yesterday"), (3, "2026-12-03T15:59:59Z"),
    (3, "2026-12-03T15:59:59.25Z"), (3, "2026-13-03T15:59:59.000250Z"), (5, "- desk.example/audit AAAA"),
    (5, "— desk.example/audit"), (5, "— desk.example/audit !!!!"), (5, ""),
])
def test_a_head_that_is_not_written_as_heads_are_is_refused(line, changed):
    lines = sign(HEAD, PRIVATE).split("\n")
    lines[line] = changed
    refused("\n".join(lines), "malformed")


@pytest.mark.parametrize("text", [
    "", "\n", "\n\n", "\n\n\n\n", "desk.example/audit", "desk.example/audit\n1\n\n— x y\n", HEAD.text(), HEAD.text() + "\n",
])
def test_a_head_without_a_signature_is_refused(text):
    refused(text, "malformed")


def test_a_further_signed_line_is_refused():
    """Nothing rides along under the signature that the desk did not mean to say."""
    head, tail = sign(HEAD, PRIVATE).split("\n\n")
    refused(f"{head}\nextra\n\n{tail}", "malformed")


def test_the_head_of_another_log_is_refused():
    refused(sign(HEAD, PRIVATE), "other_origin", origin="other.example/audit")


def test_a_head_signed_by_a_stranger_is_refused():
    refused(sign(HEAD, OTHER), "unknown_key")
    refused(sign(HEAD, PRIVATE), "unknown_key", keys=())


def test_a_strangers_signature_under_the_known_keys_name_is_refused():
    text, line = HEAD.text(), sign(HEAD, OTHER).splitlines()[-1]
    strangers = base64.b64decode(line.split(" ")[2])[4:]
    blob = base64.b64encode(bytes.fromhex(key_id(ORIGIN, PUBLIC)) + strangers).decode()
    refused(f"{text}\n— {ORIGIN} {blob}\n", "signature_wrong")


def test_a_signature_cut_short_is_refused():
    text = HEAD.text()
    blob = base64.b64encode(base64.b64decode(sign(HEAD, PRIVATE).splitlines()[-1].split(" ")[2])[:-1]).decode()
    refused(f"{text}\n— {ORIGIN} {blob}\n", "signature_wrong")


def test_a_signature_written_with_other_unused_bits_is_refused():
    """One head, one text: base64 leaves bits over that would otherwise be free to choose."""
    signed = sign(HEAD, PRIVATE)
    assert signed.endswith("=\n")
    last = signed[-3]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    refused(signed[:-3] + alphabet[alphabet.index(last) + 1] + signed[-2:], "malformed")


def test_after_a_change_of_keys_old_and_new_heads_verify():
    for private in (PRIVATE, OTHER):
        assert verify(sign(HEAD, private), origin=ORIGIN, public_keys=[PUBLIC, public_key(OTHER)]) == HEAD


def test_witnesses_are_passed_over_but_do_not_replace_the_log():
    witness = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"

    assert verify(sign(HEAD, PRIVATE) + witness, origin=ORIGIN, public_keys=[PUBLIC]) == HEAD
    refused(f"{HEAD.text()}\n{witness}", "unknown_key")


def test_one_wrong_signature_of_a_known_key_beside_a_right_one_is_refused():
    blob = base64.b64encode(bytes.fromhex(key_id(ORIGIN, PUBLIC)) + bytes(64)).decode()
    refused(sign(HEAD, PRIVATE) + f"— {ORIGIN} {blob}\n", "signature_wrong")


@pytest.mark.parametrize("change", [
    {"origin": ""}, {"origin": "two words"}, {"origin": "a+b"}, {"origin": "line\nbreak"}, {"origin": " desk"},
    {"origin": "zero\u200bwidth"}, {"size": -1}, {"root": b"short"}, {"at": datetime(2026, 12, 3)},  # noqa: DTZ001 - the refusal is the test
])
def test_what_cannot_be_a_head_is_refused_before_it_is_signed(change):
    fields = {"origin": ORIGIN, "size": 1, "root": bytes(32), "at": HEAD.at} | change
    with pytest.raises(ValueError):
        Checkpoint(**fields)


def test_fresh_keys_differ_and_fit():
    first, second = new_private_key(), new_private_key()

    assert first != second
    assert len(first) == len(public_key(first)) == 32
    assert verify(sign(HEAD, first), origin=ORIGIN, public_keys=[public_key(first)]) == HEAD
