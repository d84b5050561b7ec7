"""A bundle is proven against its record by two files alone; whatever was changed in either is named."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from ipdesk.core.audit.sealing import latest_head
from ipdesk.core.audit.signing import new_private_key, sign_note
from ipdesk.core.casework.rules import rules
from ipdesk.core.db.unit_of_work import unit_of_work
from ipdesk.core.kernel.actors import Actor
from ipdesk.core.kernel.canonical import sha256_hex
from ipdesk.features.complaints.queries import complaint
from ipdesk.features.decisions.work import write_note
from ipdesk.gateways.bundles import gather
from ipdesk.gateways.bundles.commands import bundle
from ipdesk.gateways.bundles.gather import case_of, contents_of_case
from ipdesk.gateways.bundles.record import put_in_place, record_of, signed_text
from ipdesk.gateways.bundles.render import render
from ipdesk.gateways.bundles.verifying import NotARecord, verify_bundle
from tests import make, shell


@pytest.fixture
def made(desk, tmp_path: Path):
    """A bundle of a sealed complaint, its record, and the public key of the desk."""
    filed = desk.file(listings=desk.listings[:1])
    desk.accept(filed)
    staff = Actor(at=desk.clock.now(), roles=frozenset({"legal"}))
    with unit_of_work():
        write_note(actor=replace(staff, user_id=make.user(role="legal").id), row=complaint(staff, filed[0].reference), text="Seen.")
    desk.work()
    contents = contents_of_case(staff, case_of(staff, filed[0].reference))
    pdf = tmp_path / "case-court.pdf"
    report = render(contents, pdf)
    signer = rules.settings["log_signer"]
    pdf.with_suffix(".json").write_bytes(record_of(contents, report, signer))
    return pdf, signer


def told_after_untold(entries) -> int:
    """The place of an entry that is told and follows one that is not."""
    return next(n for n, entry in enumerate(entries) if n and "text" in entry and "text" not in entries[n - 1])


def changed(pdf: Path, change) -> Path:
    whole = json.loads(pdf.with_suffix(".json").read_text())
    change(whole)
    place = pdf.with_name("changed.json")
    place.write_text(json.dumps(whole))
    return place


def test_what_is_whole_holds_and_says_what_it_proves(made):
    pdf, signer = made
    found = verify_bundle(pdf, pdf.with_suffix(".json"), [signer.public()])
    assert found.faults == () and found.pinned
    assert found.sealed > 3 and found.unsealed == 0, "the acts of the case stand in the signed log"
    assert found.untold == 1, "a private note"
    assert "note_written" not in pdf.with_suffix(".json").read_text()
    assert not verify_bundle(pdf, pdf.with_suffix(".json")).pinned, "without a key the record vouches for itself only"


def test_a_changed_byte_of_the_pdf_is_named(made):
    pdf, signer = made
    content = bytearray(pdf.read_bytes())
    content[len(content) // 2] ^= 1
    pdf.write_bytes(content)
    assert "is not the file of the record" in verify_bundle(pdf, pdf.with_suffix(".json"), [signer.public()]).faults[0]


def test_every_change_of_the_record_breaks_its_signature(made):
    pdf, signer = made
    for change in (
        lambda whole: whole["record"].update(case="C-XXXX-XXXX"),
        lambda whole: whole["record"]["pdf"].update(sha256="0" * 64),
        lambda whole: whole["record"]["log"]["entries"].pop(),
    ):
        found = verify_bundle(pdf, changed(pdf, change), [signer.public()])
        assert "the record: was changed after it was signed" in found.faults


def test_another_key_is_not_the_desks(made):
    pdf, signer = made
    stranger = new_private_key()

    def forge(whole):
        whole["signed"] = sign_note(whole["record"]["origin"], signed_text(whole["record"]), stranger)

    assert verify_bundle(pdf, changed(pdf, forge), [signer.public()]).faults[0] == "the record: it was signed with another key"


@pytest.mark.parametrize(("change", "said"), [
    (lambda entries: entries[1].update(text=entries[1]["text"].replace('"number":2', '"number":2 ')), "its text was changed"),
    (lambda entries: entries.pop(1), "entry 2 is missing"),
    (lambda entries: entries.insert(0, entries.pop(1)), "entry 1 is missing or stands elsewhere"),
    (lambda entries: entries[1].update(leaf=entries[1]["leaf"] + 1), "is not in the log that was signed"),
    (lambda entries: entries[told_after_untold(entries) - 1].update(sha256="0" * 64), "does not follow the entry before it"),
    (lambda entries: entries[1]["path"].reverse(), "is not in the log that was signed"),
    (lambda entries: entries.clear(), "no act of the case is in the record"),
    (lambda entries: entries[1].update(number=3), "entry 2 is missing or stands elsewhere"),
    (lambda entries: [entry.update(number=entry["number"] + 1) for entry in entries], "does not follow the entry before it"),
    (lambda entries: entries[-1].update(case="C-XXXX-XXXX"), "entry 1 is missing or stands elsewhere"),
])
def test_a_desk_that_signs_a_changed_chain_is_found_out(made, change, said):
    """Whoever holds the key can sign any record, but not make it fit the log that was signed before."""
    pdf, signer = made

    def forge(whole):
        before = deepcopy(whole["record"]["log"]["entries"])
        change(whole["record"]["log"]["entries"])
        assert whole["record"]["log"]["entries"] != before
        whole["signed"] = signer.sign(signed_text(whole["record"]))

    faults = verify_bundle(pdf, changed(pdf, forge), [signer.public()]).faults
    assert faults and any(said in fault for fault in faults), faults


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"record": 1}', '{"record": {"format": "ipdesk bundle record", "version": 2}}',
                                  '{"record": {"format": "ipdesk bundle record", "version": 1}, "public_key": "zz"}'])
def test_what_is_no_record_is_refused_in_words(tmp_path: Path, text: str):
    (tmp_path / "a.json").write_text(text)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    with pytest.raises(NotARecord, match=r"a\.json"):
        verify_bundle(tmp_path / "a.pdf", tmp_path / "a.json")


def test_only_what_is_proven_is_counted_as_proven(made):
    pdf, signer = made

    def forge(whole):
        for entry in whole["record"]["log"]["entries"]:
            entry |= {"path": []} if "path" in entry else {}
        whole["signed"] = signer.sign(signed_text(whole["record"]))

    assert verify_bundle(pdf, changed(pdf, forge), [signer.public()]).sealed == 0


def test_a_record_without_a_signed_head_proves_no_act(made):
    pdf, signer = made

    def forge(whole):
        whole["record"]["log"]["head"] = ""
        whole["signed"] = signer.sign(signed_text(whole["record"]))

    found = verify_bundle(pdf, changed(pdf, forge), [signer.public()])
    assert any("no signed head" in fault for fault in found.faults) and found.sealed == 0


def test_an_entry_of_another_case_is_named(made):
    pdf, signer = made
    whole = json.loads(pdf.with_suffix(".json").read_text())
    entries = whole["record"]["log"]["entries"]
    ours, other = {entry["case"] for entry in entries}, next(n for n, e in enumerate(entries) if n and "text" in e)
    text = entries[other]["text"]
    case = json.loads(text)["case"]
    entries[other]["text"] = text.replace(f'"case":{case}', f'"case":{case + 1}', 1)
    entries[other]["sha256"] = sha256_hex(entries[other]["text"].encode())
    whole["signed"] = signer.sign(signed_text(whole["record"]))
    place = pdf.with_name("changed.json")
    place.write_text(json.dumps(whole))
    assert ours and any("belongs to another case" in fault for fault in verify_bundle(pdf, place, [signer.public()]).faults)


@pytest.mark.parametrize(("old", "new", "said"), [
    ('"signed":', '"remark": "the desk found for the seller", "signed":', "nobody signed"),
    ('"record": {', '"record": {"case": "C-FAKE-FAKE"}, "record": {', "twice"),
    ('"pages":', '"pages": 999, "pages":', "twice"),
])
def test_a_reader_can_read_nothing_in_the_file_that_was_not_proven(made, old, new, said):
    pdf, signer = made
    text = json.dumps(json.loads(pdf.with_suffix(".json").read_text()))
    assert old in text
    place = pdf.with_name("changed.json")
    place.write_text(text.replace(old, new, 1))
    with pytest.raises(NotARecord, match=said):
        verify_bundle(pdf, place, [signer.public()])


def test_a_record_of_a_later_version_is_refused_although_all_else_is_in_order(made):
    pdf, signer = made

    def forge(whole):
        whole["record"]["version"] = 2
        whole["signed"] = signer.sign(signed_text(whole["record"]))

    with pytest.raises(NotARecord, match="version 2"):
        verify_bundle(pdf, changed(pdf, forge), [signer.public()])


def test_the_pdf_comes_to_its_place_last_and_never_without_its_record(made, tmp_path):
    pdf, _ = made
    target = tmp_path / "kept" / "case-court.pdf"
    target.parent.mkdir()
    target.with_suffix(".json").mkdir()  # where the record cannot go
    with pytest.raises(OSError):
        put_in_place(pdf, target)
    assert not target.exists() and pdf.exists()
    target.with_suffix(".json").rmdir()
    put_in_place(pdf, target)
    put_in_place(pdf, target)  # a second try of the same job
    assert sorted(path.name for path in target.parent.iterdir()) == ["case-court.json", "case-court.pdf"]


def test_the_command_leaves_a_pair_that_is_proven_or_nothing(made, tmp_path):
    pdf, signer = made
    reference = json.loads(pdf.with_suffix(".json").read_text())["record"]["case"]
    out, blocked = tmp_path / "out", tmp_path / "blocked"
    assert CliRunner().invoke(bundle, [reference, "--out", str(out), "--json"]).exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == [f"{reference}-court.json", f"{reference}-court.pdf"]
    assert verify_bundle(out / f"{reference}-court.pdf", out / f"{reference}-court.json", [signer.public()]).faults == ()
    (blocked / f"{reference}-court.json").mkdir(parents=True)
    assert CliRunner().invoke(bundle, [reference, "--out", str(blocked), "--json"]).exit_code == 1
    assert [path.name for path in blocked.iterdir()] == [f"{reference}-court.json"], "no file was left"


def test_a_bundle_that_is_made_while_the_log_is_sealed_is_still_proven(desk, made, monkeypatch):
    """The head is read once: the proofs are those of the head that the record carries."""
    pdf, _ = made
    staff = Actor(at=desk.clock.now(), roles=frozenset({"legal"}))
    reference = json.loads(pdf.with_suffix(".json").read_text())["record"]["case"]
    row = case_of(staff, reference)
    reads = []

    def latest():
        reads.append(head := latest_head())
        return head

    monkeypatch.setattr(gather, "latest_head", latest)
    contents = contents_of_case(staff, row)
    assert len(reads) == 1 and contents.signed_head == reads[0].signed


def test_the_command_needs_no_installation(made, tmp_path: Path):
    pdf, signer = made
    nowhere = tmp_path / "nowhere"
    done = shell.ipdesk(nowhere, "verify", str(pdf), "--key", signer.public().hex())
    assert done.returncode == 0, done.stderr
    assert "is the one of its record" in done.stdout and not nowhere.exists()
    pdf.write_bytes(pdf.read_bytes() + b"\n")
    assert shell.ipdesk(nowhere, "verify", str(pdf)).returncode == 1
    pdf.write_bytes(pdf.read_bytes()[:-1])
    unpinned = shell.ipdesk(nowhere, "verify", str(pdf))
    assert unpinned.returncode == 3 and signer.public().hex() in unpinned.stdout and "anybody could have signed it" in unpinned.stdout
    pdf.with_suffix(".json").unlink()
    done = shell.ipdesk(nowhere, "verify", str(pdf))
    assert done.returncode == 2 and "There is no record" in done.stderr
    assert shell.ipdesk(nowhere, "verify", str(pdf), "--key", "12").returncode == 2
