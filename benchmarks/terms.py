"""What identifiers of the evidence are called in a report, and how rates and quantities are written there."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from markupsafe import Markup

from benchmarks.evidence import Comparison, Factor, Quantity, Rate
from benchmarks.language import Words, translatable
from benchmarks.traps.trap import Caught

FEW_ERRORS = 30
"""The rule of 30 (Doddington): below so many errors a rate's 90 % interval reaches further than ±30 % of it."""

LANES = {"face-1n": translatable("Face lane"), "tag-uid": translatable("Tag lane")}
WAYS_IN = {
    "face-1n": translatable("Face, among all enrolled"),
    "face-tag": translatable("Face and tag, template in the device"),
    "face-on-tag": translatable("Face and tag, template on the tag"),
    "tag-uid": translatable("Tag, its number alone"),
    "tag-auth": translatable("Tag that proves itself"),
    "tag-pin": translatable("Tag and PIN"),
    "pin": translatable("PIN"),
    "qr": translatable("QR code on a telephone"),
    "key": translatable("Key"),
    "register": translatable("Person with a list"),
    "open": translatable("Open door"),
}
THIRD_OPTIONS = {
    "second-reader": translatable("Tag, with one more reader and door"),
    "anti-tailgating": translatable("Tag, with a barrier against walking in behind others"),
    "staff-at-peak": translatable("Tag, with a second person at the peak"),
}
STATUSES = {
    "verified": translatable("computed or measured here"),
    "published": translatable("published"),
    "unverified": translatable("claimed without data"),
    "assumption": translatable("the project's own range"),
}
CHOICES = {
    "doors.persons": translatable("Persons at the school"),
    "doors.parallel": translatable("Doors side by side"),
    "doors.fallback-blocks": translatable("Whoever is turned away waits in the lane"),
}
SENSITIVITY_OUTCOMES = {
    "legitimate-failures": translatable("Who may enter and is turned away"),
    "attendance-errors": translatable("Wrong in the attendance record"),
    "unauthorised-entries": translatable("Who may not enter and gets in"),
    "minutes": translatable("Minutes of everybody's time"),
}
SENSITIVITY_UNITS = {
    "legitimate-failures": translatable("of 1,000 arrivals"),
    "attendance-errors": translatable("of 1,000 person-days"),
    "unauthorised-entries": translatable("of 1,000 tries"),
    "minutes": translatable("minutes for 1,000 person-days"),
}
METHODS_OF_ENTRY = {
    "nothing": translatable("with nothing"),
    "lent": translatable("with what was lent"),
    "found": translatable("with what was found"),
    "copied": translatable("with a copy"),
    "sibling": translatable("a sibling"),
}
LEVELS = {"best": translatable("best"), "middle": translatable("middle"), "worst": translatable("worst")}
PASSAGES = {
    "best": translatable("quick passage"),
    "middle": translatable("middle passage"),
    "worst": translatable("slow passage"),
}
GRADES = {
    "pilot": translatable("pilot at an entrance"),
    "recording": translatable("recording at an entrance"),
    "technology": translatable("technology test"),
    "simulated": translatable("simulated"),
    "synthetic": translatable("synthetic"),
}
SENTENCES = {
    "better by": translatable("better by"),
    "worse by": translatable("worse by"),
    "equivalent within the margin": translatable("equivalent within the margin"),
    "not shown": translatable("not shown"),
    "not shown (simulated)": translatable("not shown (simulated)"),
}
OUTCOMES = {
    "legitimate-failures": translatable("Legitimate failures"),
    "transaction-time-p50": translatable("Transaction time, median"),
}
LANE_OUTCOMES = {
    **OUTCOMES,
    "attendance-errors": translatable("Attendance errors"),
    "unauthorised-entries": translatable("Unauthorised entries"),
    "persons-per-minute": translatable("Persons per minute"),
    "wait-p95": translatable("Wait, 95th percentile"),
    "late": translatable("Late at the bell"),
}
PAIRS = {
    ("face-1n", "tag-uid"): translatable("Face − tag"),
    ("register", "tag-uid"): translatable("Manual − tag"),
}
"""Differences that the report shows: what the face adds to the tag, and what automation adds to a list, apart."""
UNITS = {
    "s": translatable("s"),
    "ms": translatable("ms"),
    "persons/min": translatable("persons/min"),
    "share": translatable("percentage points"),
    "persons": translatable("persons"),
}
QUANTILES = {
    "p50": translatable("median"),
    "p90": translatable("90th percentile"),
    "p95": translatable("95th percentile"),
}
REASONS = {
    "tag-forgotten": translatable("tag forgotten"),
    "tag-lost": translatable("tag lost and not yet replaced"),
    "tag-not-read": translatable("tag not read"),
    "tag-unknown": translatable("tag unknown to the system"),
    "tag-blocked": translatable("tag blocked"),
    "below-threshold": translatable("face not recognised: similarity below the threshold"),
    "no-face": translatable("no face found"),
    "several-faces": translatable("several faces in the picture"),
    "too-small": translatable("face too small"),
    "cut-off": translatable("face cut off at the edge of the picture"),
    "forgotten": translatable("forgotten at home"),
    "lost": translatable("lost and not yet replaced"),
    "not-read": translatable("presented and not read"),
    "not-recognised": translatable("not recognised"),
    "gave-up": translatable("gave up"),
    "refused": translatable("said no to this way in"),
    "not-enrolled": translatable("couldn't be enrolled"),
    "stranger": translatable("may not pass here, and tried as the plan asked"),
    "went-in-behind": translatable("went in behind another"),
    "not-told": translatable("not told"),
}
MEASURES = {
    "denied": translatable("Turned away although they may enter"),
    "wrong_in": translatable("Let in although they may not enter"),
    "seconds": translatable("Median time until the door opened"),
}
LET_IN = {
    "lane": translatable("let in by this way"),
    "hand": translatable("let in by hand"),
    "behind": translatable("slipped in behind another"),
    "no": translatable("not let in, or gave up"),
    "absent": translatable("absent that day"),
}
LEFT = {
    "ambiguous": translatable("several rows or lines fit"),
    "contradicted": translatable("row and observer say different things"),
    "no-row": translatable("the observer saw somebody let in, and the device has no row of theirs"),
    "nobody-looked": translatable("no line of the observer's belongs to it"),
}
STANDINGS = {
    "user": translatable("can use it"),
    "refused": translatable("said no"),
    "not-enrolled": translatable("couldn't be enrolled"),
}
RATES = {
    "FTE": translatable("persons of whom no reference could be made (failure to enrol)"),
    "FTA": translatable("presentations without a usable face (failure to acquire)"),
    "FNIR": translatable("enrolled persons whose face was usable and who weren't recognised"),
    "MIR": translatable("enrolled persons taken for another enrolled person"),
    "FPIR": translatable("strangers taken for an enrolled person and let in"),
}
FACTORS = {
    "tag.forgotten": translatable("Tag forgotten at home"),
    "tag.lost": translatable("Tag lost"),
    "tag.days-until-replaced": translatable("Days until a lost tag is replaced"),
    "tag.not-read": translatable("Tag presented and not read"),
    "tag.present": translatable("Time to present the tag"),
    "face.present": translatable("Time to present the face"),
    "passage": translatable("Time to walk through"),
    "tag.authenticate": translatable("Time for the tag to prove itself"),
    "tag.uid-copied": translatable("A copied tag number opens"),
    "tag.auth-copied": translatable("A copy of a tag that proves itself opens"),
    "face.decide": translatable("Time of the machine to decide on a face"),
    "face.not-acquired": translatable("No usable picture of the face"),
    "face.not-matched": translatable("Enrolled face not recognised"),
    "face.not-enrolled": translatable("Face can't be enrolled"),
    "face.refused": translatable("Persons who refuse to take part by face"),
    "face.stranger-let-in": translatable("Stranger taken for someone enrolled"),
    "face.other-accepted": translatable("Other face accepted with someone's tag"),
    "face.attack-accepted": translatable("Photograph or mask accepted"),
    "face.sibling-accepted": translatable("Sibling's face accepted"),
    "face.taken-for-sibling": translatable("Enrolled person taken for their sibling"),
    "pin.forgotten": translatable("PIN forgotten"),
    "pin.wrong": translatable("PIN mistyped"),
    "pin.present": translatable("Time to type the PIN"),
    "pin.observed": translatable("PIN looked over a shoulder"),
    "qr.absent": translatable("Telephone left at home or empty"),
    "qr.none": translatable("Persons without a telephone"),
    "qr.not-read": translatable("QR code presented and not read"),
    "qr.present": translatable("Time to present the QR code"),
    "qr.copied": translatable("Picture of a QR code opens"),
    "key.forgotten": translatable("Key forgotten at home"),
    "key.lost": translatable("Key lost"),
    "key.present": translatable("Time to unlock and lock"),
    "key.copied": translatable("Key can be copied"),
    "key.revocation": translatable("Hours until the lock is changed"),
    "register.present": translatable("Time to be found on the list"),
    "register.wrong": translatable("Wrong entry on the list"),
    "register.stranger-let-in": translatable("Stranger let in by the person with the list"),
    "register.answered-for": translatable("Someone passes under another's name on the list"),
    "revocation": translatable("Hours until what was lost is blocked"),
    "found.hours": translatable("Hours until a finder comes"),
    "retry": translatable("Time of a further try"),
    "retry.correlation": translatable("Correlation of one person's tries"),
    "fallback.time": translatable("Time to be let in by hand"),
    "fallback.not-noted": translatable("Let in by hand and not noted"),
    "tailgating": translatable("Walking in behind someone else, without right"),
    "following": translatable("Walking in behind someone else, with right"),
    "absence": translatable("Absence"),
    "lending": translatable("An absent person's credential presented by another"),
    "siblings": translatable("Persons with a sibling who could be taken for them"),
    "bus.share": translatable("Persons who come by bus"),
    "threat.equipped": translatable("Those without right who bring something"),
    "outage.power": translatable("Mornings without power"),
    "outage.network": translatable("Mornings without network"),
}
MACHINE = {
    "processor": translatable("Processor"),
    "architecture": translatable("Architecture"),
    "cores": translatable("Cores"),
    "memory_mb": translatable("Memory, MiB"),
    "system": translatable("System"),
    "python": translatable("Python"),
}
ROLES = {
    "detector": translatable("finds faces"),
    "embedder": translatable("turns a face into a template"),
    "generator": translatable("draws people who don't exist"),
}
FIGURES = {
    "view1-accuracy": translatable("right on the 1,000 test pairs of LFW's View 1, at the best threshold for them"),
    "view1-fnmr-0.001": translatable("not recognised (FNMR) where 1 stranger in 1,000 is taken for another (FMR)"),
    "view1-fnmr-0.0001": translatable("not recognised (FNMR) where 1 stranger in 10,000 is taken for another (FMR)"),
}
OVERLAPS = {
    "none": translatable("None of the people measured here are among its training people."),
    "unknown": translatable(
        "It isn't known which of the people measured here it was trained on. An overlap can't be ruled out; it "
        "would make the errors look smaller than they are."
    ),
}
LIMITS = {
    "simulated-mornings": translatable(
        "The mornings are simulated ({persons} persons, {mornings} mornings). How long people take, and how often"
        " a tag is missing, was put in and not observed. Nothing here says how people behave at a real entrance."
    ),
    "swept-rates": translatable(
        "No published figure was found for: {factors}. These were swept over a range of the project's own; what "
        "follows from them is as good as that range."
    ),
    "no-attacks": translatable(
        "Nobody tried to deceive a lane. Lent or copied tags, photographs or masks held before a camera, and "
        "people who slip in behind others stand in the simulation of all ways in as shares that were put in."
    ),
    "liveness-not-installed": translatable(
        "Liveness (does the camera see a person, or a picture held up?): not installed. Whether the face lane "
        "takes a photograph held up for the person in it wasn't measured."
    ),
    "liveness-not-run": translatable(
        "Liveness (does the camera see a person, or a picture held up?): the network {network} is installed and wasn't "
        "run, as the lane saw nothing but still pictures here."
    ),
    "no-fallback": translatable(
        "For the two lanes that run as programs, what follows a refusal isn't in it. The simulation of all ways in has "
        "further tries and a person who opens by hand, as many at a time as are needed; it has no costs."
    ),
    "no-arrivals": translatable(
        "For the two lanes that run as programs, the next person enters when the last has left. How people arrive, "
        "alone or off a bus, was put into the simulation of all ways in and not observed."
    ),
    "law-not-numbers": translatable(
        "Figures don't make processing lawful. Whether face recognition is allowed here is decided by law, and "
        "first by whether a less intrusive means would do. A lower error rate doesn't answer that."
    ),
    "synthetic-people": translatable(
        "The faces are drawn, from what photographs have in common. Drawn faces resemble each other, and hold still, "
        "in ways of their own: rates measured on them show that the program works and are kept out of every conclusion."
    ),
    "portraits-not-a-door": translatable(
        "The pictures are press photographs. A camera at a door sees other light, other angles, movement, caps "
        "and several people at once."
    ),
    "adults-only": translatable(
        "Nearly all the people pictured are adults. Children's faces weren't tested. Published studies find more "
        "errors with children, and pupils of one age and one place resemble each other more than these people do."
    ),
    "fpir-bound": translatable(
        "{strangers} strangers came to the face lane. Had not one of them been let in, that would still only show"
        " (at 95%) that at most {bound} of strangers are. To show 0.1% takes {needed_for_0_1_percent} strangers "
        "without a single error."
    ),
    "people-not-asked": translatable(
        "The people in the pictures weren't asked. Whether they may be used for this measurement is for whoever "
        "runs it to show. It says nothing about consent at an entrance."
    ),
    "face-not-run": translatable(
        "The face lane wasn't run. What a report says of it all the same is simulated, from what was put in."
    ),
    "few-persons": translatable(
        "The figures stand on {persons} persons. The interval of the tag lane's legitimate failures reaches about"
        " {half_width} to either side: with other persons the figure could well lie that far off."
    ),
}
NECESSITY = {
    "shown": translatable(
        "Shown: in these measurements faces did better than every milder way they were compared with."
    ),
    "not shown": translatable("Not shown that faces do more than the milder ways they were compared with."),
    "not compared": translatable("Not compared with any milder way in, so necessity isn't shown."),
}
ANSWERS = {
    "shown": translatable("shown"),
    "not shown": translatable("not shown"),
    "not compared": translatable("not compared"),
}
VERDICTS = {
    "allow": translatable("allow"),
    "suspend": translatable("suspend"),
    "refuse": translatable("refuse"),
}
STATUSES = {
    "verified": translatable("Verified by who put it in."),
    "published": translatable("Published."),
    "unverified": translatable("Unverified."),
    "assumption": translatable("Assumption."),
}
COST_TERMS = {
    "equipment": translatable("Equipment"),
    "credentials": translatable("What people carry"),
    "enrolment": translatable("Enrolment"),
    "law": translatable("Assessment and advice"),
    "upkeep": translatable("Upkeep, power, licences"),
    "lost": translatable("Lost and replaced"),
    "again": translatable("Enrolment again"),
    "fallback": translatable("Letting in by hand"),
    "mending": translatable("Mending records"),
    "staff": translatable("A person with the list"),
    "mishaps": translatable("Mishaps"),
    "alternative": translatable("The other way in"),
}
PRICES = {
    "wage": translatable("Staff"),
    "minutes.issue": translatable("Handing something out"),
    "minutes.enrol-face": translatable("Enrolling a face"),
    "face.again": translatable("Enrolling a face again"),
    "minutes.replace": translatable("Replacing what was lost"),
    "minutes.mend": translatable("Mending a wrong record"),
    "minutes.list": translatable("Keeping the list at the door"),
    "credential.tag": translatable("Tag with a number alone"),
    "credential.tag-auth": translatable("Tag that proves itself"),
    "credential.key": translatable("Key"),
    "part.door": translatable("Lock and control"),
    "part.reader": translatable("Tag reader"),
    "part.camera": translatable("Camera and computer"),
    "part.keypad": translatable("Keypad"),
    "part.scanner": translatable("QR reader"),
    "part.cylinder": translatable("Mechanical lock"),
    "upkeep": translatable("Upkeep"),
    "energy": translatable("Power"),
    "licence.face": translatable("Licences, face lane"),
    "licence.other": translatable("Licences, other lanes"),
    "law.face": translatable("Assessment and advice, face lane"),
    "law.other": translatable("Assessment and advice, other lanes"),
    "mishaps.face": translatable("Mishaps, face lane"),
    "mishaps.other": translatable("Mishaps, other lanes"),
}
DATA_ITEMS = {
    "template": translatable("template of the face"),
    "link": translatable("whose number it is"),
    "log": translatable("who came when"),
    "secret": translatable("PIN and whose it is"),
    "account": translatable("account on a telephone"),
    "name": translatable("name on a list"),
}
PLACES = {
    "nowhere": translatable("nowhere"),
    "hand": translatable("in the person's own hands"),
    "device": translatable("in the device"),
    "site": translatable("on the premises"),
    "cloud": translatable("elsewhere"),
}
REUSE = {"low": translatable("low"), "high": translatable("high")}
ARRIVALS = {
    "single": translatable("one by one"),
    "pairs": translatable("in pairs"),
    "burst": translatable("all at once, as off a bus"),
}
LIGHT = {
    "indoor": translatable("indoor"),
    "bright": translatable("bright"),
    "backlight": translatable("from behind"),
    "dark": translatable("dark"),
}
CLOTHING = {
    "plain": translatable("as people come"),
    "covered": translatable("hat, hood or scarf on"),
}
HABITUATION = {
    "first": translatable("first day"),
    "between": translatable("between"),
    "last": translatable("last day"),
}
SETTINGS = {
    "choice": translatable("Which face, of several"),
    "interpolation": translatable("Interpolation"),
    "mirrored": translatable("Mirrored picture used as well"),
    "score": translatable("Least score of a face found"),
    "longest_px": translatable("Larger pictures are reduced to, pixels"),
    "least_px": translatable("Smaller pictures are enlarged to, pixels"),
}
METHODS = (
    translatable("Wilson score"),
    translatable("Clopper-Pearson exact"),
    translatable("Newcombe score, paired"),
    translatable("over subjects: effective sample and likelihood of two kinds, joined"),
    translatable("over subjects: t"),
    translatable("over subjects: share of values beyond, effective sample, inverted"),
    translatable("paired over subjects: Newcombe's square and add of clustered intervals"),
    translatable("paired over subjects: Newcombe's square and add of quantiles' intervals"),
    translatable("no error seen: rule of 3 (one-sided)"),
    translatable("no error seen: rule of 3 on subjects (one-sided)"),
    translatable("only errors seen: rule of 3 (one-sided)"),
    translatable("only errors seen: rule of 3 on subjects (one-sided)"),
    translatable("no varying difference seen: rule of 3 on subjects, to both sides"),
    translatable("t interval over repetitions"),
    translatable("the same in every repetition"),
    translatable("percentiles of draws over the ranges put in"),
)
"""How intervals say they were made; the modules that make them write it in English into the results."""

FIXED = translatable("on the development crew, which has no person in common with the evaluation crew")
"""How `benchmarks.faces` says that the threshold was fixed."""


class Terms(Words):
    """A language that also knows the evidence: its identifiers, rates, quantities and intervals."""

    def term(self, table: Mapping[str, str], key: object) -> Markup:
        """What `key` is called; the key itself where the table lacks it."""
        return self.say(table.get(str(key), str(key)))

    def lane(self, lane: str) -> Markup:
        """A lane's name."""
        return self.term(LANES, lane)

    def way_in(self, lane: str) -> Markup:
        """A lane's name among all eleven."""
        return self.term(WAYS_IN, lane)

    def share(self, rate: Rate) -> str:
        """A rate's value."""
        return self.percent(rate.value)

    def share_span(self, rate: Rate) -> Markup:
        """A rate's interval."""
        low, high = rate.interval
        return self.span(self.percent(low), self.percent(high))

    def amount(self, value: float, unit: str, *, signed: bool = False) -> str:
        """A value in its unit's usual precision, without the unit; shares as percentage points."""
        short = {"share": (100, 1), "persons/min": (1, 1), "persons": (1, 1), "ms": (1, 1 if abs(value) >= 1 else 3)}
        scale, digits = short.get(unit, (1, 2))
        return self.number(scale * value, digits, signed=signed)

    def unit(self, unit: str) -> Markup:
        """A unit."""
        return self.term(UNITS, unit)

    def with_unit(self, value: float, unit: str, *, signed: bool = False) -> Markup:
        """A value and its unit."""
        return Markup("{}\N{NO-BREAK SPACE}{}").format(self.amount(value, unit, signed=signed), self.unit(unit))

    def span(self, low: object, high: object) -> Markup:
        """From low to high."""
        return self.say("{low} to {high}", low=low, high=high)

    def amount_span(self, ends: tuple[float, float], unit: str, *, signed: bool = False) -> Markup:
        """An interval of a quantity, without its unit."""
        low, high = ends
        return self.span(self.amount(low, unit, signed=signed), self.amount(high, unit, signed=signed))

    def quantity_span(self, quantity: Quantity) -> Markup:
        """A quantity's interval, without its unit."""
        return self.amount_span(quantity.interval, quantity.unit)

    def factor_value(self, factor: Factor, value: float) -> str:
        """A factor's value: a percentage when its unit is a share."""
        if factor.unit.startswith("share"):
            return self.percent(value, shortest=True)
        return self.number(value, shortest=True)

    def sentence(self, comparison: Comparison) -> Markup:
        """How a comparison ends: one of four, and by how much where it is better or worse."""
        said = self.term(SENTENCES, comparison.sentence)
        if comparison.sentence in ("better by", "worse by"):
            size = self.with_unit(abs(comparison.difference.value), comparison.difference.unit)
            return Markup("{} {}").format(said, size)
        return said

    def priced(self, name: str) -> Markup:
        """A price, or a factor that costs hang on."""
        return self.term({**FACTORS, **PRICES}, name)

    def after_years(self, years: float | None) -> Markup:
        """When something has paid for itself; None: never."""
        if years is None:
            return self.say("never")
        return self.say("at once") if years == 0 else self.say("after {years} years", years=self.number(years, 1))

    def limit(self, entry: Mapping[str, Any]) -> Markup:
        """The sentence for a thing that a run can't show; its identifier and numbers where there is none for it."""
        numbers = {key: self._limit_number(key, value) for key, value in entry.items() if key != "id"}
        sentence = LIMITS.get(str(entry.get("id")))
        if sentence is None or not {name for _, name, _, _ in Formatter().parse(sentence) if name} <= set(numbers):
            return Markup("<code>{}</code>").format(", ".join(f"{key}: {value}" for key, value in entry.items()))
        return self.say(sentence, **numbers)

    def caught(self, found: Caught) -> Markup:
        """What a trap has to say, its shares as percentages."""
        values = {
            name: self.term(VERDICTS, value)
            if name == "verdict"
            else self.percent(value, 2, shortest=True)
            if isinstance(value, float) and value <= 1
            else self.number(value, 1, shortest=True)
            if isinstance(value, int | float)
            else value
            for name, value in found.values.items()
        }
        return self.say(found.says, **values)

    def _limit_number(self, key: str, value: object) -> object:
        if key == "factors" and isinstance(value, list | tuple):
            # Within a sentence now: none of the three languages has a capital there.
            names = [str(self.term(FACTORS, factor).unescape()) for factor in value]
            return "; ".join(name[:1].lower() + name[1:] for name in names)
        if key == "bound" and isinstance(value, float):
            return self.percent(value, 2)
        if key == "half_width" and isinstance(value, float):
            return self.with_unit(value, "share")
        return self.number(value, 0) if isinstance(value, int) else value


def few(rate: Rate) -> bool:
    """Whether a rate stands on fewer errors than the rule of 30 asks for."""
    return rate.numerator < FEW_ERRORS
