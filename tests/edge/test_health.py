"""The machine's condition, read from files laid out as on a Raspberry Pi, and void where it spoils a measurement."""

from __future__ import annotations

import threading
import time

import pytest

from edge.health import Condition, Machine, Monitor, NotHere, throttle_words

# Laid out by the documentation of vcgencmd (rails of a Pi 5, cut to four), with values that are easy to add up: no
# Raspberry Pi was at hand to record them.
RAILS = """\
   3V7_WL_SW_A current(0)=0.10000000A
    VDD_CORE_A current(7)=2.00000000A
        HDMI_A current(22)=0.01000000A
   3V7_WL_SW_V volt(8)=3.70000000V
    VDD_CORE_V volt(15)=0.90000000V
        HDMI_V volt(23)=5.00000000V
       EXT5V_V volt(24)=5.10000000V
        BATT_V volt(25)=0.00000000V
"""
WATTS = (0.1 * 3.7 + 2.0 * 0.9 + 0.01 * 5.0) * 1.1451 + 0.5879


def nobody(*words: str) -> str:
    raise NotHere(f"vcgencmd {' '.join(words)}: not on this machine")


def says(**answers: str):
    return lambda word: answers[word]


@pytest.fixture
def root(tmp_path):
    """A machine that has spent 10 of 1000 ticks for others so far."""
    write(tmp_path, "proc/stat", "cpu  500 0 100 380 10 0 0 10 0 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n")
    return tmp_path


def write(root, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_hottest_zone_counts(root):
    write(root, "sys/class/thermal/thermal_zone0/temp", "48312\n")
    write(root, "sys/class/thermal/thermal_zone1/temp", "61850\n")
    write(root, "sys/class/thermal/thermal_zone2/temp", "")  # asleep
    assert Machine(root, nobody).celsius() == 61.85


@pytest.mark.parametrize("soc", ["soc/soc", "soc@107c000000/soc@107c000000"])
def test_the_throttle_word_comes_from_the_kernel_s_file(root, soc):
    write(root, f"sys/devices/platform/{soc}:firmware/get_throttled", "80008\n")
    assert Machine(root, nobody).throttle() == 0x80008


def test_else_from_the_firmware(root):
    assert Machine(root, says(get_throttled="throttled=0x50005\n")).throttle() == 0x50005
    assert Machine(root, says(get_throttled="throttled=0x0\n")).throttle() == 0


@pytest.mark.parametrize("answer", ["", "VCHI initialization failed", "throttled=", "throttled=xyz"])
def test_an_answer_that_is_no_word_is_not_taken_for_all_well(root, answer):
    with pytest.raises(NotHere, match="throttle word: expected a hexadecimal number"):
        Machine(root, says(get_throttled=answer)).throttle()


def test_watts_are_the_rails_that_have_both(root):
    assert Machine(root, says(pmic_read_adc=RAILS)).watts() == pytest.approx(WATTS)


@pytest.mark.parametrize("answer", ["", 'error=1 error_msg="Command not registered"', "VDD_CORE_A current(7)=2.0A\n"])
def test_rails_that_make_no_sum_are_refused(root, answer):
    with pytest.raises(NotHere, match="pmic_read_adc: expected volts and amperes of each rail"):
        Machine(root, says(pmic_read_adc=answer)).watts()


@pytest.mark.parametrize("text", ["", "cpu 1 2 3\n", "cpu a b c d e f g h\n"])
def test_a_table_of_ticks_that_is_none_is_refused(root, text):
    write(root, "proc/stat", text)
    with pytest.raises(NotHere, match="time given to other machines"):
        Machine(root, nobody).ticks()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (0x0, []),
        (0x1, ["under-voltage"]),
        (0x50000, ["under-voltage since the machine began", "throttled since the machine began"]),
        (0x80008, ["soft temperature limit"]),
        (0x20004, ["throttled", "clock capped since the machine began"]),
    ],
)
def test_a_word_is_told_in_words(word, said):
    assert throttle_words(word) == said


def test_where_there_is_nothing_it_is_said_and_no_thread_runs(root):
    before = threading.active_count()
    with Monitor(Machine(root, nobody), every_s=0.01) as monitor:
        assert threading.active_count() == before
    told = monitor.condition
    assert (told.celsius, told.throttle, told.joules, told.watts) == (None, None, None, None)
    assert told.steal == 0.0
    assert [why.split(":")[0] for why in told.absent] == [
        "temperature",
        "vcgencmd get_throttled",
        "vcgencmd pmic_read_adc",
    ]
    assert told.void == ()


def test_a_run_on_a_raspberry_pi_is_told_whole(root):
    write(root, "sys/class/thermal/thermal_zone0/temp", "50000")
    write(root, "sys/devices/platform/soc/soc:firmware/get_throttled", "0")
    before = threading.active_count()
    with Monitor(Machine(root, says(pmic_read_adc=RAILS)), every_s=0.01) as monitor:
        time.sleep(0.05)
        write(root, "sys/class/thermal/thermal_zone0/temp", "65000")
        write(root, "proc/stat", "cpu  1000 0 100 780 10 0 0 110 0 0\n")
        time.sleep(0.05)
        write(root, "sys/class/thermal/thermal_zone0/temp", "60000")
    told = monitor.condition
    assert threading.active_count() == before
    assert told.celsius == (50.0, 65.0)
    assert told.throttle == 0
    assert told.steal == pytest.approx(0.1)
    assert told.joules == pytest.approx(WATTS * told.seconds, rel=0.05)
    assert told.watts == pytest.approx(WATTS, rel=0.05)
    assert told.absent == ()
    assert told.void == ("10.0% of the time was given to other machines (at most 5%)",)


def test_a_bit_set_for_a_moment_spoils_the_run(root):
    word = "sys/devices/platform/soc/soc:firmware/get_throttled"
    write(root, word, "0")
    with Monitor(Machine(root, nobody), every_s=0.005) as monitor:
        write(root, word, "1")
        time.sleep(0.1)
        write(root, word, "10000")
    assert monitor.condition.void == ("throttle word 0x10001: under-voltage",)


def test_a_run_that_fails_still_ends_the_thread(root):
    write(root, "sys/class/thermal/thermal_zone0/temp", "50000")
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), Monitor(Machine(root, nobody), every_s=0.01):
        _ = 1 / 0
    assert threading.active_count() == before


@pytest.mark.parametrize(("steal", "void"), [(0.0, 0), (0.05, 0), (0.051, 1), (None, 0)])
def test_above_five_percent_given_away_is_void(steal, void):
    assert len(Condition(1.0, 1, None, None, None, steal).void) == void


def test_this_very_machine_is_read_without_a_fault():
    with Monitor(every_s=0.01) as monitor:
        pass
    assert monitor.condition.steal is not None
