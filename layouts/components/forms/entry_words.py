"""What the fields of an entry are called, what their words mean, and what is wrong with them."""

from __future__ import annotations

from kms.texts import Texts

N_ = str  # marks a text for the catalogues
LABELS = {
    "inspection_id": N_("Number of the inspection"),
    "report_id": N_("Number of the report"),
    "measure_id": N_("Name of the measure"),
    "establishment_id": N_("Code of the establishment"),
    "establishment_name": N_("Name of the establishment"),
    "place": N_("Place"),
    "psic": N_("Industry"),
    "workers_male": N_("Male workers"),
    "workers_female": N_("Female workers"),
    "risk_class": N_("Risk class"),
    "mode": N_("Mode of inspection"),
    "trigger": N_("What led to it"),
    "visit": N_("Visit"),
    "date_opened": N_("Opened on"),
    "date_closed": N_("Closed on"),
    "regional_office": N_("Regional office"),
    "inspector": N_("Code of the inspector"),
    "item_code": N_("Items"),
    "applicable": N_("Applies"),
    "compliant_initial": N_("Met at the visit"),
    "compliant_after": N_("Met after correction"),
    "corrected_on": N_("Corrected on"),
    "severity_weight": N_("Weight"),
    "event": N_("What happened"),
    "occurred_on": N_("Happened on"),
    "reported_on": N_("Reported on"),
    "sex": N_("Sex"),
    "disability": N_("What became of the person"),
    "days_lost": N_("Days off work"),
    "days_charged": N_("Days charged"),
    "occupation": N_("Occupation"),
    "nature": N_("Nature of the injury"),
    "body_part": N_("Part of the body"),
    "agency": N_("What caused it"),
    "starts_on": N_("First day"),
    "ends_on": N_("Last day"),
    "level": N_("Level"),
    "capacity_share": N_("Share of the usual number allowed"),
    "instrument": N_("Order"),
    "note": N_("Note"),
}
HINTS = {
    "inspection_id": N_("As in the official export: when that brings the same number, it counts."),
    "report_id": N_("No blanks, at least one digit."),
    "measure_id": N_("One for each area and industry. The same again corrects it."),
    "establishment_id": N_("No blanks, at least one digit; the same at every visit."),
    "establishment_name": N_("Stays with the file; the database does not have it."),
    "place": N_("Type the city or municipality and choose it from the list."),
    "inspector": N_("Never a name. No blanks, at least one digit."),
    "date_closed": N_("Blank while open."),
    "ends_on": N_("Blank while in force."),
    "level": N_("ECQ, Alert Level 2, …"),
    "capacity_share": N_("From 0 to 1; blank if it does not say."),
    "instrument": N_("The resolution or order, by number and date."),
}
COUNTRY_HINT = N_("An area of any level. Blank: the whole country.")
EVERY_INDUSTRY = N_("every industry")
CHOOSE = N_("choose one")
WORDS = {
    "low": N_("low"),
    "medium": N_("medium"),
    "high": N_("high"),
    "TAV": N_("technical and advisory visit (TAV)"),
    "LI": N_("labour inspection (LI)"),
    "OSHI": N_("OSH investigation (OSHI)"),
    "TSI": N_("technical safety inspection (TSI)"),
    "routine": N_("routine"),
    "complaint": N_("complaint"),
    "referral": N_("referral"),
    "accident": N_("accident"),
    "first": N_("first visit"),
    "follow_up": N_("follow-up"),
    "YES": N_("yes"),
    "NO": N_("no"),
    "injury": N_("injury"),
    "illness": N_("illness"),
    "dangerous_occurrence": N_("dangerous occurrence, nobody hurt"),
    "male": N_("male"),
    "female": N_("female"),
    "fatal": N_("died"),
    "permanent_total": N_("permanent total disability"),
    "permanent_partial": N_("permanent partial disability"),
    "temporary_total": N_("temporary total disability"),
    "none": N_("no time lost"),
}
FAULTS = {
    "required": N_("This must be filled."),
    "bad_text": N_("This is too long, or holds signs that cannot be seen."),
    "not_a_code": N_("Write a code without blanks and with a digit, never a name."),
    "value_unknown": N_("This is none of the values there are here."),
    "number_unreadable": N_("This is no number."),
    "number_negative": N_("This is below zero."),
    "number_not_whole": N_("Write a whole number."),
    "number_out_of_range": N_("This is more than can be."),
    "date_unreadable": N_("Write the day as 2026-11-16."),
    "date_swapped": N_("Write the day as 2026-11-16."),
    "date_out_of_range": N_("This day is too early."),
    "date_future": N_("This day has not come."),
    "date_after_other": N_("This day lies after another that it cannot follow."),
    "date_before_other": N_("This day lies before another that it cannot precede."),
    "before_date_opened": N_("This lies before the inspection was opened."),
    "place_unknown": N_("Choose a place of the list; here a city or municipality is meant."),
    "place_ambiguous": N_("Several places have this name. Choose one of the list."),
    "sector_unknown": N_("Choose an industry of the list."),
    "workers_zero": N_("An establishment that was inspected has workers."),
    "answer_not_applicable": N_("An item that does not apply has no answer."),
    "after_worse": N_("An item that was met cannot be unmet after correction."),
    "key_conflict": N_("Two rows contradict each other."),
}
OTHERWISE = N_("This cannot be taken as it is.")


def label_of(text: Texts, field: str) -> str:
    """Return what a field is called."""
    return text.gettext(LABELS.get(field, field))


def word_of(text: Texts, word: str) -> str:
    """Return a word of a list as people say it."""
    return text.gettext(WORDS.get(word, word))


def fault_of(text: Texts, code: str) -> str:
    """Return what is wrong with a field, and what to do."""
    return text.gettext(FAULTS.get(code, OTHERWISE))
