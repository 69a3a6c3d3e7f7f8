"""Names of sectors and checklist items, marked for translation.

The names are those of data/reference, which no translator reads; a test holds the two together.
"""

from __future__ import annotations

from kms.texts import Texts

N_ = str  # marks a text for the catalogues

SECTORS = frozenset(
    {
        N_("Agriculture"),
        N_("Mining"),
        N_("Manufacturing"),
        N_("Electricity and gas"),
        N_("Water and waste"),
        N_("Construction"),
        N_("Trade and repair"),
        N_("Transport and storage"),
        N_("Hotels and food"),
        N_("Information"),
        N_("Finance"),
        N_("Real estate"),
        N_("Professional services"),
        N_("Administrative services"),
        N_("Public administration"),
        N_("Education"),
        N_("Health and social work"),
        N_("Arts and recreation"),
        N_("Other services"),
        N_("Households"),
        N_("Extraterritorial bodies"),
        N_("All sectors"),
    }
)
ITEMS = frozenset(
    {
        N_("Registered with the DOLE regional office"),
        N_("Written safety and health programme"),
        N_("Safety and health committee set up and meeting"),
        N_("Safety officer of the required level"),
        N_("First aider and occupational health staff"),
        N_("Medical supplies and clinic or treatment room"),
        N_("Workers had the eight-hour OSH seminar"),
        N_("Job safety instruction before work starts"),
        N_("Hazard information: data sheets and procedures"),
        N_("Safety signs and devices"),
        N_("Protective equipment provided free of charge"),
        N_("Accident and annual reports submitted"),
        N_("Toilets, drinking water, rest and washing places"),
        N_("Exits, extinguishers and fire safety certificate"),
        N_("Machines guarded and approved"),
        N_("Certified operators of heavy equipment"),
        N_("Falls: scaffolds, guard rails, harness"),
        N_("Construction safety and health programme approved"),
        N_("Electrical wiring inspected and permitted"),
        N_("Boilers and pressure vessels inspected"),
        N_("Ventilation: 6 to 12 air changes an hour"),
        N_("Air conditioning runs 30 minutes before and after"),
        N_("Sick workers stay home; isolation and referral"),
        N_("Hand washing and disinfection supplies"),
        N_("Crowding in meal, changing and sleeping rooms"),
    }
)


def translated(text: Texts, name: str) -> str:
    """Return the name of a sector, an item or the country; others stay as they are."""
    return text.gettext(name)
