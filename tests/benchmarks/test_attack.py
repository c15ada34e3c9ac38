"""Presentation attacks: by species, the worst is the headline, silence is counted apart."""

import pytest

from benchmarks.attack import ONE_SOURCE, AttackError, Presentation, attacks


def shown(species: str | None, source: str, response=None, accepted=None) -> Presentation:
    return Presentation(source, species, response, accepted)


PRINTS = [shown("print", f"p{n}", "attack", False) for n in range(42)]
SCREENS = [shown("screen", f"s{n}", "bona fide" if n < 5 else "attack", n < 2) for n in range(20)]
GENUINE = [shown(None, f"g{n}", "attack" if n < 3 else "bona fide") for n in range(100)]


def test_the_worst_species_is_the_headline_and_no_average_is_made() -> None:
    found = attacks([*PRINTS, *SCREENS, *GENUINE], "test", "recording")
    prints, screens = found.species
    assert (prints.species, screens.species) == ("print", "screen")
    assert prints.apcer is not None
    assert screens.apcer is not None
    assert (prints.apcer.value, screens.apcer.value) == (0.0, 0.25)
    assert (found.apcer_worst, found.iapar_worst) == ("screen", "screen")
    assert found.bpcer is not None
    assert (found.bpcer.numerator, found.bpcer.denominator) == (3, 100)
    assert found.riapar is None


def test_42_attacks_without_success_show_7_percent_and_say_how() -> None:
    prints = attacks(PRINTS, "test", "recording").species[0]
    assert prints.iapar is not None
    assert prints.iapar.interval[1] <= 0.07
    assert "one-sided" in prints.iapar.method
    assert attacks(PRINTS[:41], "test", "recording").species[0].iapar.interval[1] > 0.07  # type: ignore[union-attr]


def test_without_a_response_it_is_a_non_response_and_no_error() -> None:
    found = attacks([shown("mask", "m1"), shown("mask", "m2", "attack"), shown(None, "g1")], "test", "pilot")
    assert found.species[0].apnrr.value == 0.5
    assert found.species[0].apcer is not None
    assert found.species[0].apcer.denominator == 1
    assert found.species[0].iapar is None
    assert found.bpnrr is not None
    assert (found.bpcer, found.bpnrr.value) == (None, 1.0)


def test_one_instrument_shown_often_tells_nothing_of_others() -> None:
    rate = attacks([shown("print", "p1", "attack")] * 50, "test", "recording").species[0].apcer
    assert rate is not None
    assert (rate.interval, rate.method) == ((0.0, 1.0), ONE_SOURCE)
    often = attacks(
        [shown("print", f"p{n % 5}", "bona fide" if n % 5 == 0 else "attack") for n in range(50)], "t", "pilot"
    )
    once = attacks([shown("print", f"p{n}", "bona fide" if n % 5 == 0 else "attack") for n in range(50)], "t", "pilot")
    assert often.species[0].apcer.interval[1] > once.species[0].apcer.interval[1]  # type: ignore[union-attr]


def test_riapar_adds_the_frr_at_the_same_point() -> None:
    assert attacks(SCREENS, "test", "recording", frr=0.03).riapar == pytest.approx(0.13)


def test_what_gives_no_rate_is_refused() -> None:
    with pytest.raises(AttackError, match="100 bona fide"):
        attacks(GENUINE, "test", "recording")
    with pytest.raises(AttackError, match="frr"):
        attacks(PRINTS, "test", "recording", frr=1.5)
