"""Calculators anybody may use: answers as people type them, a sentence at each wrong one, and what a result rests on."""

from __future__ import annotations

from datetime import date

import pytest

from linli.domains.benefits.queries import Figures, calculate, work_out, worksheet, worksheets
from linli.domains.catalog.queries import package_standards
from linli.kernel.errors import Invalid, NotFound

HERE = Figures(date(2026, 11, 22), "7701")
PENSION = {"age": "60", "years": "15", "account": "10,000", "index": "1", "base": "7200"}


def said(name, **typed):
    return [[(line.label, str(line.said)) for line in part.lines] for part in work_out(worksheet(name), typed, HERE).parts]


def wrong(name, **typed):
    with pytest.raises(Invalid) as found:
        work_out(worksheet(name), typed, HERE)
    return {e.field: str(e.message) for e in found.value.errors}


def test_every_calculator_prepares_items_that_exist():
    known = {s.code for s in package_standards()}
    assert {item for sheet in worksheets().values() for item in sheet.items} <= known
    with pytest.raises(NotFound):
        worksheet("lottery")


def test_a_woman_who_does_not_know_her_group_sees_both():
    both = said("retirement", category="female", birth="1975-03")
    assert both == [said("retirement", category=g, birth="1975年3月")[0] for g in ("female_55", "female_50")]
    assert both[0][0] != both[1][0]
    assert wrong("retirement", birth="1975-03") == {"category": "您是：请选一项。"}


def test_what_is_typed_may_be_typed_as_people_do():
    assert said("employee-pension", **PENSION) == said("employee-pension", **PENSION | {"account": " 10000.00 ", "months": "0"})
    told = wrong("employee-pension", **PENSION | {"age": "", "years": "-1", "account": "1.234", "index": "NaN", "base": "1e9"})
    assert set(told) == {"age", "years", "account", "index", "base"}
    assert "最多 2 位小数" in told["account"] and "0 到 80" in told["years"]
    assert wrong("employee-pension", **PENSION | {"age": "39"}) == {"age": "多少岁退休：请填 40 到 70 岁。"}


def test_the_result_is_that_of_the_formula():
    given = {"calc_base": 7200, "index": 1, "contribution_months": 180, "account": 10_000, "payment_months": 139}
    assert (
        f"{calculate('employee_pension', given, HERE)['total']:,}".replace(",", "\u2009")
        in said("employee-pension", **PENSION)[0][0][1]
    )
    ways = {"reason": "involuntary", "years": "6", "min_wage": "2100", "ratio": "90", "low_income": "780"}
    assert "1\u2009890.00" in said("unemployment", **ways)[0][0][1]
    assert said("unemployment", **ways | {"reason": "voluntary"})[0][0] == ("现在还不能领", "自己提出辞职的，不能领失业金")
    assert "24 个月" in said("unemployment", **ways | {"carried": "20"})[0][0][1]
    short = ways | {"years": "0", "months": "6"}
    assert said("unemployment", **short)[0][0][0] == "现在还不能领"
    assert "5 个月" in said("unemployment", **short | {"carried": "5"})[0][0][1], "who draws on what was left needs no new year"


def test_figures_that_are_known_are_filled_in_and_named_and_told_how_sure():
    sheet = worksheet("unemployment")
    filled = {q.name: q.filled(HERE) for q in sheet.questions if q.figure}
    assert filled["ratio"][0] == "90"
    typed = {"reason": "involuntary", "years": "6"} | {name: value for name, (value, _) in filled.items()}
    sources = {s.figure.tag: s for s in work_out(sheet, typed, HERE).sources}
    assert sources["K"].caution and sources["V"].caution is None
    own = work_out(sheet, typed | {"ratio": "85"}, HERE).sources
    assert "K" not in {s.figure.tag for s in own}, "a figure that somebody replaced is not said to be used"
    elsewhere = Figures(HERE.on, "99")
    assert {q.name for q in sheet.questions if q.filled(elsewhere)} == {"ratio"}


def test_relatives_together_get_no_more_than_the_wage():
    given = {"year": "2025", "own_wage": "6000", "area_wage": "7000"}
    assert len(said("work-death", **given)[0]) == 2
    assert said("work-death", **given | {"spouse": "spouse", "others": "3"})[0][2][1] == "每月 6\u2009000.00 元"
    assert "alone" in wrong("work-death", **given | {"alone": "1"}) and "income" in wrong("work-death", **given | {"year": "1999"})


def test_a_base_outside_its_bounds_is_told_the_bounds():
    assert "3\u2009960.00 元到 19\u2009800.00 元" in wrong("flexible-contribution", average="6600", base="3000")["base"]
    assert len(said("flexible-contribution", average="6600")[0]) == 3


def test_too_few_years_are_no_pension_and_a_rising_least_is_told():
    short = work_out(worksheet("employee-pension"), PENSION | {"years": "14", "months": "11"}, HERE).parts[0]
    assert not short.due and not short.steps
    assert [(line.label, str(line.said)) for line in short.lines] == [("还不能按月领", "缴费还差 1 个月：至少要缴满 15 年")]
    enough, most = (work_out(worksheet("employee-pension"), PENSION | {"years": y}, HERE).parts[0] for y in ("15", "20"))
    assert enough.due and any("最多到 20 年" in str(note) for note in enough.notes)
    assert most.due and not any("最多到" in str(note) for note in most.notes)


def test_a_month_between_the_earliest_and_the_latest_is_never_refused_for_being_late():
    def chosen(month, **more):
        return dict(said("retirement", category="male", birth="1965-10", chosen=month, **more)[0])["您想选的时间"]

    assert chosen("2029-01") == "2029 年 1 月，单位书面同意就可以"
    assert chosen("2029-02") == "2029 年 2 月，不可以：不在可以选的时间里"
    assert chosen("2025-09") == "2025 年 9 月，不可以：不在可以选的时间里"
    assert chosen("2025-10", years="15") == "2025 年 10 月，可以"
    assert chosen("2026-01", years="14", months="11") == "2026 年 1 月，不可以：那时缴费年限还不够"
    assert set(wrong("retirement", category="male", birth="1965-10", chosen="2025-10")) == {"years"}


def test_who_retired_before_there_was_a_choice_is_offered_none():
    old, first = (
        work_out(worksheet("retirement"), {"category": "male", "birth": b}, HERE).parts[0] for b in ("1964-12", "1965-01")
    )
    assert {"最早可以", "最晚可以"}.isdisjoint(line.label for line in old.lines) and "2025 年 1 月以前" in str(old.notes[0])
    assert {"最早可以", "最晚可以"} <= {line.label for line in first.lines}


def test_what_a_chinese_keyboard_gives_is_read():
    wide = {"age": "６０", "years": "１５", "account": "１０，０００", "index": "１．０", "base": "７２００"}
    assert said("employee-pension", **wide) == said("employee-pension", **PENSION)
    assert said("retirement", category="male", birth="１９６５年１０月") == said("retirement", category="male", birth="1965-10")
    ways = {"reason": "involuntary", "years": "6", "min_wage": "2100", "low_income": "780"}
    assert (
        said("unemployment", **ways, ratio="90%")
        == said("unemployment", **ways, ratio="９０％")
        == said("unemployment", **ways, ratio="90")
    )


def test_survivors_see_where_their_months_come_from():
    part = work_out(worksheet("survivors"), {"status": "retired", "years": "30", "received": "20", "income": "5015"}, HERE).parts[0]
    told = [str(step) for step in part.steps]
    assert "按 24 个月算" in told[0] and "领了 20 年" in told[0]
    assert told[1] == "减完不少于 9 个月，抚恤金按 9 个月"
    assert str(part.lines[0].said) == "55\u2009165.00 元"
