"""What the forms' scripts do for a person."""

import pytest


def choosable(page) -> set[str]:
    """The groups of reasons of which one can be chosen."""
    return set(page.locator("#reason_code optgroup:not([disabled])").evaluate_all("groups => groups.map((group) => group.label)"))


@pytest.mark.slow
def test_a_guest_is_offered_the_reasons_of_its_kind_of_right_only(town, walkers) -> None:
    guest = walkers(360)
    guest.open("/notices/new-guest")
    reasons = guest.page.locator("#reason_code")
    assert choosable(guest.page) == {"Trademark", "Copyright", "Design", "Patent"}, "nothing was chosen yet"
    guest.page.get_by_label("Copyright", exact=True).check()
    assert choosable(guest.page) == {"Copyright"}
    reasons.select_option("copied_picture")
    guest.page.get_by_label("Trademark", exact=True).check()
    assert choosable(guest.page) == {"Trademark"}
    assert reasons.input_value() == "", "a reason of another kind is not left standing"
    reasons.select_option("counterfeit")
    guest.page.get_by_label("Your full name").fill("Ada Example")
    assert reasons.input_value() == "counterfeit"
    assert not walkers.trouble
