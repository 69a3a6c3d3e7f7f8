"""What may be asked and what is answered, as the OpenAPI document describes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kms.web.origin import one_line

AREA = r"^[0-9]{10}$"
AS_OF = "Show what was known at the end of this day (Manila); default: what is known now."
Level = Literal["country", "region", "province"]


class Question(BaseModel):
    """Unknown parameters are refused: a mistyped one must not pass unnoticed."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class AsOfQuery(Question):
    """Which day's knowledge is asked for."""

    as_of: date | None = Field(default=None, description=AS_OF)


class AreasQuery(AsOfQuery):
    """Which areas to list."""

    level: Level | None = Field(default=None, description="One level only.")


class NewestQuery(AsOfQuery):
    """The newest value of an indicator everywhere."""

    indicator: str = Field(max_length=60, description="For example r_t.")
    disease: str = Field(
        default="", max_length=40, description="For example dengue; default: that of every page."
    )
    exact: bool = Field(
        default=False,
        description="Counts as they are: only with a token of the scope figures:exact.",
    )
    why: Annotated[str, AfterValidator(one_line)] = Field(
        default="", max_length=200, description="Reason for exact figures; kept in the audit log."
    )
    format: Literal["json", "csv"] = "json"


class SeriesParameters(NewestQuery):
    """One series."""

    area: str = Field(default="0000000000", pattern=AREA, description="PSGC code.")
    sector: str = Field(default="", max_length=3, description="PSIC section, or ALL.")
    first: date | None = Field(default=None, alias="from", description="First day.")
    last: date | None = Field(default=None, alias="to", description="Last day.")


class About(BaseModel):
    """The publication an answer comes from."""

    publication: str
    as_of: datetime
    published_at: datetime
    is_latest: bool
    synthetic: bool = Field(description="True: demonstration data; nothing in them is real.")


class Day(BaseModel):
    """One day, or week; counts of persons are disclosed, no value is null."""

    ref_date: date = Field(description="The day; of a week its Sunday.")
    value: float | None
    low: float | None = Field(
        description="Lower end of the 95 % range (90 % for compliance); of cases_channel the "
        "lower quartile."
    )
    high: float | None = Field(
        description="Upper end of the 95 % range (90 % for compliance); of cases_channel the "
        "upper quartile, of cases_expected what 1 % of weeks without an outbreak pass."
    )
    state: str = Field(
        description="final, provisional, hidden, too_few, stale, suppressed, missing or withheld"
    )
    completeness: float | None
    band: str | None = Field(
        default=None,
        description="Of p_r_above_1 alone: where few cases stand behind a chance its value is "
        "null, its state suppressed, and this tells between which percents it lies.",
    )


class AreaDay(Day):
    """The newest day of an area, or of a sector in it."""

    area: str
    sector: str


class SeriesAnswer(About):
    """One series."""

    indicator: str
    disease: str = Field(description="Empty for what is told of workplaces.")
    area: str
    sector: str
    data: list[Day]


class NewestAnswer(About):
    """The newest value everywhere."""

    indicator: str
    disease: str = Field(description="Empty for what is told of workplaces.")
    data: list[AreaDay]


class AreaRecord(BaseModel):
    """One area for which figures are made."""

    code: str
    name: str
    level: Level
    region: str
    population: int | None


class AreasAnswer(About):
    """The areas for which figures are made."""

    data: list[AreaRecord]


class PublicationRecord(BaseModel):
    """One publication."""

    id: str
    as_of: datetime
    published_at: datetime
    state: str
    is_current: bool


class PublicationsAnswer(About):
    """Every publication, newest first."""

    data: list[PublicationRecord]


class Fault(BaseModel):
    """Why there is no answer."""

    code: str
    message: str


class FaultAnswer(BaseModel):
    """A refusal."""

    error: Fault
