"""Calculators that anybody can use: a few plain questions, what comes of them, and every step with one's own numbers in it.

A worksheet puts questions to a person and formulas together; it holds no rule of its own. Which items of the catalogue it
prepares is data (``data/calculators.yaml``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from linli.domains.benefits.asking import AnswerWrong, Question, Way, read_answers
from linli.domains.benefits.calculators import explained, survivor_monthly
from linli.domains.benefits.parameters import Figure, FigureMissing, Figures, Parameter
from linli.domains.benefits.values import MONEY, MONTH
from linli.kernel.errors import Invalid, NotFound
from linli.kernel.text import Message, msg, noop


@dataclass(frozen=True, slots=True)
class Line:
    """One result: what it is, and what it comes to."""

    label: str
    said: Message


@dataclass(frozen=True, slots=True)
class Part:
    """What comes of one way to reckon; the first line is what was asked for. ``title`` where there are several ways;
    ``due`` is false where nothing can be drawn yet, so that nobody is sent to claim it."""

    lines: tuple[Line, ...]
    steps: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    title: str = ""
    due: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """A figure that was used, and what must be said of how sure it is."""

    label: str
    figure: Figure
    caution: Message | None


@dataclass(frozen=True, slots=True)
class Worked:
    """All that comes of a worksheet, and the figures it rests on."""

    parts: tuple[Part, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """One calculator."""

    name: str
    label: str
    lead: str
    questions: tuple[Question, ...]
    icon: str
    items: tuple[str, ...]
    work: Callable[[Mapping[str, Any], Figures], list[Part]]


def caution(figure: Figure) -> Message | None:
    """What must be said where a figure is not sure."""
    return {
        "K": msg("这个数还没有逐字核对到公布的文件，结果只作参考，以窗口核定为准。"),
        "L": msg("各地不同，请以当地公布的数为准。"),
    }.get(figure.tag)


def sources_in(figures: Mapping[str, Figure], book: Mapping[str, Parameter]) -> tuple[Source, ...]:
    """Figures by name as they are told: what each is, where it stands, how sure it is."""
    return tuple(Source(book[name].label, figure, caution(figure)) for name, figure in figures.items())


def work_out(sheet: Worksheet, typed: Mapping[str, str], figures: Figures) -> Worked:
    """What comes of somebody's answers. Raises :class:`Invalid` with an error for every field that is wrong."""
    used = Figures(figures.on, figures.region, figures.parameters)
    answers = read_answers(sheet.questions, typed)
    for question in sheet.questions:
        filled = question.filled(used)
        if filled and answers[question.name] == question.read(filled[0]):
            used.used[question.figure] = filled[1]
    try:
        parts = sheet.work(answers, used)
    except AnswerWrong as error:
        raise Invalid([error]) from error
    return Worked(tuple(parts), sources_in(used.used, used.parameters))


def worksheet(name: str) -> Worksheet:
    """One of :func:`worksheets`. Raises :class:`NotFound`."""
    found = worksheets().get(name)
    if found is None:
        raise NotFound(what=msg("这个计算器"))
    return found


def worksheets_for(items: Collection[str]) -> list[Worksheet]:
    """The calculators that prepare any of some items."""
    return [sheet for sheet in worksheets().values() if any(item in items for item in sheet.items)]


@cache
def worksheets() -> Mapping[str, Worksheet]:
    """All calculators by name, in the order in which they are listed."""
    data = yaml.safe_load((resources.files("linli.domains.benefits") / "data/calculators.yaml").read_text("utf-8"))
    return {
        name: Worksheet(name, *_MADE[name][:2], _MADE[name][2], raw["icon"], tuple(raw["items"]), _MADE[name][3])
        for name, raw in data.items()
    }


_Work = Callable[[Mapping[str, Any], Figures], list[Part]]
_MADE: dict[str, tuple[str, str, tuple[Question, ...], _Work]] = {}


def _sheet(name: str, label: str, lead: str, *questions: Question) -> Callable[[_Work], _Work]:
    def keep(work: _Work) -> _Work:
        _MADE[name] = (label, lead, questions, work)
        return work

    return keep


# -- words ---------------------------------------------------------------------------------------------------------------


def _money(fen: int) -> Message:
    return msg("%(amount)s 元", amount=MONEY.said(fen))


def _monthly(fen: int) -> Message:
    return msg("每月 %(amount)s 元", amount=MONEY.said(fen))


def _month(month: int) -> Message:
    return msg("%(year)s 年 %(month)s 月", year=month // 12, month=month % 12 + 1)


def _length(months: int) -> Message:
    years, rest = divmod(months, 12)
    if not rest:
        return msg("%(years)s 年", years=years)
    return msg("%(years)s 年 %(months)s 个月", years=years, months=rest) if years else msg("%(months)s 个月", months=rest)


def _paid(answers: Mapping[str, Any]) -> int:
    return int(answers["years"]) * 12 + int(answers["months"])


_YEARS = Question(
    "years",
    noop("一共缴了多少年"),
    Way.WHOLE,
    help=noop("中断的不算，前后加在一起；不满一年的写在下一格。"),
    unit=noop("年"),
    most=80,
)
_MONTHS = Question("months", noop("另外几个月"), Way.WHOLE, unit=noop("个月"), required=False, blank=0, most=11)
_ACCOUNT = Question(
    "account", noop("个人账户里有多少钱"), Way.MONEY, help=noop("“我的社保”或缴费对账单上的“个人账户储存额”。不知道可以先估一个数。"),
)  # fmt: skip
_AREA = Question(
    "area_wage", noop("当地职工月平均工资"), Way.MONEY, figure="income.area_monthly_wage", least=1,
    help=noop("受伤那年的上一年度、本统筹地区的数。"),
)  # fmt: skip
_OWN_WAGE = Question(
    "own_wage", noop("受伤前 12 个月的平均月缴费工资"), Way.MONEY, least=1,
    help=noop("单位给您缴工伤保险的工资数，不一定等于到手的工资；不满 12 个月的按实际月数平均。"),
)  # fmt: skip


# -- retirement ----------------------------------------------------------------------------------------------------------

_GROUPS = {
    "male": noop("男"),
    "female_55": noop("女，管理或技术岗位（原来 55 岁退休）"),
    "female_50": noop("女，其他岗位（原来 50 岁退休）"),
}


@_sheet(
    "retirement", noop("什么时候退休"), noop("算出法定退休年月，最早和最晚可以选在哪一年哪一月。"),
    Question(
        "category", noop("您是"), Way.CHOICE, choices=_GROUPS | {"female": noop("女，还不清楚属于哪一类（两种都算给您看）")},
        help=noop("女职工按岗位分两类，以单位和社保登记的为准；以灵活就业身份参保的女性一般是原来 55 岁的一类。"),
    ),
    Question("birth", noop("出生年月"), Way.MONTH, help=noop("以档案和身份证核定的为准。")),
    Question(
        "chosen", noop("想提前或推后到哪年哪月退休"), Way.MONTH, required=False,
        help=noop("想看看某个月行不行，就填这一格；想提前的，下面两格也要填。"),
    ),
    Question("years", noop("到那时一共缴了多少年"), Way.WHOLE, required=False, unit=noop("年"), most=80),
    _MONTHS,
)  # fmt: skip
def _retirement(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    if answers["category"] == "female":
        return [_retires(group, answers, figures, title=_GROUPS[group]) for group in _GROUPS if group != "male"]
    return [_retires(answers["category"], answers, figures)]


def _retires(group: str, answers: Mapping[str, Any], figures: Figures, *, title: str = "") -> Part:
    given = {"category": group, "birth_month": answers["birth"]}
    found, steps = explained("retirement_age", given, figures)
    window, more = explained("flexible_window", given, figures)
    lines = [
        Line(noop("法定退休时间"), _month(found["retirement_month"])),
        Line(noop("那时您"), _age(found["age_years"], found["age_months"])),
    ]
    notes = (msg("想提前退休的，要按规定提前书面告知单位。"), msg("想推后退休的，要提前和单位书面商定。"))
    since = min(f.since for f in figures.parameters["retirement.flexible"].figures)
    if found["retirement_month"] < since.year * 12 + since.month - 1:  # retired by the rules before there was a choice
        before = msg("%(year)s 年 %(month)s 月以前到法定退休时间的，没有提前或推后可选。", year=since.year, month=since.month)
        return Part((*lines, _least(found)), tuple(steps), (before,), title)
    lines += [Line(noop("最早可以"), _month(window["earliest"])), Line(noop("最晚可以"), _month(window["latest"])), _least(found)]
    steps = [*steps, *more[1:]]  # the statutory month is said already
    if answers["chosen"]:
        lines.insert(2, _chosen(given, window, answers, figures, steps))
    return Part(tuple(lines), tuple(steps), notes, title)


def _least(found: Mapping[str, Any]) -> Line:
    return Line(noop("到法定退休时至少要缴满"), _length(found["min_contribution_months"]))


def _chosen(
    given: Mapping[str, Any], window: Mapping[str, int], answers: Mapping[str, Any], figures: Figures, steps: list[Message]
) -> Line:
    """What comes of a month somebody would like; one after the statutory month is for the employer to agree to."""
    month = MONTH.read(answers["chosen"])
    when = _month(month)
    if not window["earliest"] <= month <= window["latest"]:
        return Line(noop("您想选的时间"), msg("%(when)s，不可以：%(why)s", when=when, why=msg("不在可以选的时间里")))
    if month > window["statutory"]:
        return Line(noop("您想选的时间"), msg("%(when)s，单位书面同意就可以", when=when))
    if answers["years"] is None:
        raise AnswerWrong(field="years", label=msg("到那时一共缴了多少年"), why=msg("想提前退休的，请填写缴费年限"))
    asked = {**given, "chosen_month": answers["chosen"], "contribution_months": _paid(answers)}
    found, more = explained("flexible_early_allowed", asked, figures)
    steps += more
    if found["allowed"]:
        return Line(noop("您想选的时间"), msg("%(when)s，可以", when=when))
    return Line(noop("您想选的时间"), msg("%(when)s，不可以：%(why)s", when=when, why=msg("那时缴费年限还不够")))


def _age(years: int, months: int) -> Message:
    return msg("%(years)s 岁 %(months)s 个月", years=years, months=months) if months else msg("%(years)s 岁", years=years)


# -- pensions ------------------------------------------------------------------------------------------------------------


@_sheet(
    "employee-pension", noop("职工养老金大概多少"), noop("在单位参保，或以灵活就业身份参加职工养老保险的，估算每月能领多少。"),
    Question(
        "age", noop("多少岁退休"), Way.WHOLE, unit=noop("岁"), most=100, help=noop("还不知道的话，先用“什么时候退休”算一算。"),
    ),
    Question("age_months", noop("另外几个月"), Way.WHOLE, unit=noop("个月"), required=False, blank=0, most=11),
    _YEARS, Question("months", noop("缴费另外几个月"), Way.WHOLE, unit=noop("个月"), required=False, blank=0, most=11), _ACCOUNT,
    Question(
        "index", noop("平均缴费指数"), Way.INDEX, most=10,
        help=noop("每年的缴费基数除以当年平均工资，再平均。一直按最低基数缴的大约是 0.6，按平均工资缴的是 1。"),
    ),
    Question(
        "base", noop("养老金计发基数"), Way.MONEY, figure="pension.calc_base", least=1,
        help=noop("由省里每年公布，按退休那年的数算；现在用已经公布的估。"),
    ),
    Question("transition", noop("过渡性养老金"), Way.MONEY, required=False, blank=0, help=noop("只有建立个人账户以前就参加工作的人才有，没有就空着。")),
    Question("extra", noop("地方另外加发"), Way.MONEY, required=False, blank=0),
)  # fmt: skip
def _employee_pension(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    age = {"age_years": answers["age"], "age_months": answers["age_months"]}
    paid, rule = _paid(answers), figures["retirement.least_contribution"]
    divisor = explained("payment_months", age, figures)[0]["payment_months"]
    if divisor is None:
        ages = sorted(int(age) for age in figures["pension.payment_months"])
        raise AnswerWrong(
            field="age", label=msg("多少岁退休"), why=msg("请填 %(least)s 到 %(most)s 岁", least=ages[0], most=ages[-1])
        )
    if paid < rule["months"]:  # too little in whatever year: no sum may look like a pension
        short = msg("缴费还差 %(short)s：至少要缴满 %(least)s", short=_length(rule["months"] - paid), least=_length(rule["months"]))
        advice = (msg("还没退休的，请按到退休时一共能缴多少年来填。到退休时还不够的，可以继续缴，怎么缴按规定办。"), _rising(rule))
        return [Part((Line(noop("还不能按月领"), short),), notes=advice, due=False)]
    given = {
        "calc_base": answers["base"], "index": answers["index"], "contribution_months": paid, "account": answers["account"],
        "payment_months": f"{divisor / 10}", "local_extra": answers["extra"], "local_transition": answers["transition"],
    }  # fmt: skip
    found, steps = explained("employee_pension", given, figures)
    first = msg(
        "%(age)s 退休，个人账户的钱按 %(months)s 个月发",
        age=_age(answers["age"], answers["age_months"]),
        months=f"{divisor / 10:g}",
    )
    lines = (
        Line(noop("估算的养老金"), _monthly(found["total"])), Line(noop("其中基础养老金"), _money(found["basic"])),
        Line(noop("其中个人账户养老金"), _money(found["account_part"])),
    )  # fmt: skip
    notes = (msg("这是按今天的数估算的：退休时的计发基数和账户余额会更高，最后以核定为准。"),)
    return [Part(lines, (first, *steps), notes if paid >= rule["most"] else (*notes, _rising(rule)))]


def _rising(rule: Mapping[str, int]) -> Message:
    return msg(
        "%(year)s 年起退休的，至少要缴的年限逐年提高，最多到 %(most)s；您要缴满几年，用“什么时候退休”算一算。",
        year=rule["from_year"],
        most=_length(rule["most"]),
    )


@_sheet(
    "resident-pension", noop("居民养老金大概多少"), noop("参加城乡居民养老保险的，估算到龄后每月能领多少。"),
    Question("age", noop("领取时多少岁"), Way.WHOLE, unit=noop("岁"), most=120), _YEARS, _ACCOUNT,
    Question(
        "base", noop("当地的基础养老金"), Way.MONEY, figure="resident_pension.base",
        help=noop("全国有最低标准，当地可以更高；知道当地的数请改成当地的。"),
    ),
    Question("extra", noop("地方另外加发"), Way.MONEY, required=False, blank=0, help=noop("有的地方对缴费多年、高龄的加发。没有就空着。")),
    Question(
        "transitional", noop("当地开始实行居民养老保险时，您"), Way.CHOICE, required=False, blank="no",
        choices={"no": noop("离领取年龄还远"), "yes": noop("已经到了或快到领取年龄")},
    ),
)  # fmt: skip
def _resident_pension(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    given = {
        "base": answers["base"], "account": answers["account"], "extra": answers["extra"], "age": answers["age"],
        "contribution_years": answers["years"], "transitional": answers["transitional"] == "yes",
    }  # fmt: skip
    found, steps = explained("resident_pension", given, figures)
    rule = figures["resident_pension.rule"]
    if found["eligible"]:
        first = Line(noop("估算的养老金"), _monthly(found["monthly"]))
        return [Part((first, Line(noop("其中个人账户养老金"), _money(found["account_part"]))), tuple(steps))]
    why = (
        msg(
            "缴费还差 %(years)s 年：要累计缴满 %(all)s 年，可以继续缴或者补缴",
            years=rule["years"] - answers["years"],
            all=rule["years"],
        )
        if found["old_enough"]
        else msg("还没有到 %(age)s 岁", age=rule["age"])
    )
    return [Part((Line(noop("现在还不能领"), why),), tuple(steps), due=False)]


# -- work ----------------------------------------------------------------------------------------------------------------


@_sheet(
    "unemployment", noop("失业金能领多久、领多少"), noop("失业了能领几个月，每月多少。"),
    Question(
        "reason", noop("为什么离开单位"), Way.CHOICE,
        choices={"involuntary": noop("不是自己要走的：合同到期、被辞退、单位关门等"), "voluntary": noop("自己提出辞职的")},
    ),
    Question("years", noop("失业保险一共缴了多少年"), Way.WHOLE, unit=noop("年"), most=80, help=noop("领过失业金的，从领完以后重新算。")),
    _MONTHS,
    Question("carried", noop("上次失业还有几个月没领完"), Way.WHOLE, unit=noop("个月"), required=False, blank=0, most=24),
    Question("min_wage", noop("当地最低工资"), Way.MONEY, figure="wage.minimum", least=1, help=noop("每月的数，由省里公布。")),
    Question("ratio", noop("失业金占最低工资的比例"), Way.PERCENT, unit="%", figure="unemployment.ratio", least=1, most=100, help=noop("由省里规定。")),
    Question("low_income", noop("当地城市低保标准"), Way.MONEY, figure="wage.low_income_line", help=noop("每人每月的数。失业金不会低于它。")),
)  # fmt: skip
def _unemployment(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    paid = _paid(answers)
    may, _ = explained(
        "unemployment_eligibility",
        {"contribution_months": paid, "involuntary": answers["reason"] == "involuntary", "registered": True, "job_seeking": True},
        figures,
    )
    given = {"contribution_months": paid, "carried_over_unused_months": answers["carried"]}
    long, steps = explained("unemployment_duration", given, figures)
    much = {"min_wage": answers["min_wage"], "ratio": answers["ratio"], "low_income_line": answers["low_income"]}
    amount, more = explained("unemployment_amount", much, figures)
    least = figures["unemployment.least_months"]
    goes_on = answers["reason"] == "involuntary" and answers["carried"] > 0
    if not may["eligible"] and not goes_on:
        why = (
            msg("自己提出辞职的，不能领失业金")
            if answers["reason"] == "voluntary"
            else msg("累计缴费要满 %(months)s 个月", months=least)
        )
        return [Part((Line(noop("现在还不能领"), why),), tuple(steps) if answers["reason"] == "involuntary" else (), due=False)]
    monthly, months = amount["monthly"], long["months"]
    lines = (
        Line(noop("失业保险金"), msg("每月 %(amount)s 元，最多领 %(months)s 个月", amount=MONEY.said(monthly), months=months)),
        Line(noop("全部领完一共"), _money(monthly * months)),
    )
    notes = (
        msg("要先办失业登记，并且有求职的意愿；重新就业、领养老金后就停发。"),
        msg("领失业金期间的职工医保费由失业保险基金缴，个人不用缴。"),
    )
    return [Part(lines, (*steps, *more), notes)]


@_sheet(
    "flexible-contribution", noop("灵活就业每月缴多少养老保险"), noop("没有单位、自己缴职工养老保险的，看每个档次每月缴多少、多少进自己的账户。"),
    Question(
        "average", noop("全省平均工资"), Way.MONEY, figure="contribution.average_wage", least=1,
        help=noop("全口径城镇单位就业人员月平均工资，由省里每年公布。"),
    ),
    Question("base", noop("您想选的缴费基数"), Way.MONEY, required=False, help=noop("在下限和上限之间自己选；空着就给您看最低、平均和最高三档。")),
)  # fmt: skip
def _flexible(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    def pays(base: Any) -> tuple[dict[str, Any], list[Message]]:
        return explained("flexible_contribution", {"average_wage": answers["average"], "chosen_base": base}, figures)

    middle, steps = pays(answers["average"])
    floor, ceiling = middle["floor"], middle["ceiling"]
    if answers["base"] is None:
        bases = {noop("按最低基数"): floor, noop("按平均工资"): MONEY.read(answers["average"]), noop("按最高基数"): ceiling}
        lines = [Line(label, _contribution(pays(MONEY.plain(base))[0], base)) for label, base in bases.items()]
        return [Part(tuple(lines), tuple(steps[:1]), (_LATER,))]
    chosen, steps = pays(answers["base"])
    if not chosen["valid"]:
        within = msg("请填 %(floor)s 元到 %(ceiling)s 元之间的数", floor=MONEY.said(floor), ceiling=MONEY.said(ceiling))
        raise AnswerWrong(field="base", label=msg("您想选的缴费基数"), why=within)
    lines = [
        Line(noop("养老保险费"), _monthly(chosen["monthly"])),
        Line(noop("其中进您的个人账户"), _monthly(chosen["to_account"])),
        Line(noop("一年一共"), _money(chosen["monthly"] * 12)),
    ]
    return [Part(tuple(lines), tuple(steps), (_LATER,))]


_LATER = msg("可以按月、按季或按年缴。缴得多、缴得久，退休后领得多。")


def _contribution(found: Mapping[str, Any], base: int) -> Message:
    return msg("每月 %(amount)s 元（基数 %(base)s 元）", amount=MONEY.said(found["monthly"]), base=MONEY.said(base))


# -- work injury ---------------------------------------------------------------------------------------------------------

_NUMBERS = [
    noop("一级"),
    noop("二级"),
    noop("三级"),
    noop("四级"),
    noop("五级"),
    noop("六级"),
    noop("七级"),
    noop("八级"),
    noop("九级"),
    noop("十级"),
]
_PAYERS = {"fund": noop("工伤保险基金"), "employer": noop("用人单位")}


@_sheet(
    "work-injury", noop("工伤能领多少"), noop("做完劳动能力鉴定，按伤残等级能领的补助金、津贴和护理费。"),
    Question("grade", noop("鉴定的伤残等级"), Way.CHOICE, choices={str(n): word for n, word in enumerate(_NUMBERS, 1)}),
    _OWN_WAGE, _AREA,
    Question(
        "care", noop("鉴定的生活自理障碍"), Way.CHOICE, required=False, blank="",
        choices={"completely": noop("完全不能自理"), "mostly": noop("大部分不能自理"), "partly": noop("部分不能自理")},
        help=noop("鉴定结论上没有写护理依赖的，不用选。"),
    ),
    Question("min_wage", noop("当地最低工资"), Way.MONEY, required=False, figure="wage.minimum", help=noop("每月津贴低于它的，补足到它。")),
)  # fmt: skip
def _work_injury(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    given = {"grade": int(answers["grade"]), "own_wage": answers["own_wage"], "local_avg_wage": answers["area_wage"]}
    found, steps = explained("injury_benefit", given | {"min_wage": answers["min_wage"]}, figures)
    lines = [Line(noop("一次性伤残补助金"), _money(found["lump_sum"]))]
    notes = []
    if found["monthly_allowance"]:
        payer = msg(_PAYERS[found["allowance_payer"]])
        lines.append(
            Line(
                noop("伤残津贴"),
                msg("每月 %(amount)s 元，由%(payer)s付", amount=MONEY.said(found["monthly_allowance"]), payer=payer),
            )
        )
        if found["allowance_payer"] == "employer":
            notes.append(msg("单位能安排适当工作的，发工资；难以安排的，才由单位按月发津贴。"))
    else:
        notes.append(msg("这个等级没有按月的伤残津贴；劳动合同终止时另有一次性医疗补助金和就业补助金，标准由省里规定。"))
    if answers["care"]:
        care, more = explained("injury_care_fee", {"level": answers["care"], "local_avg_wage": answers["area_wage"]}, figures)
        lines.append(Line(noop("生活护理费"), _monthly(care["monthly"])))
        steps += more
    return [Part(tuple(lines), tuple(steps), tuple(notes))]


@_sheet(
    "work-death", noop("因工去世，家属能领多少"), noop("丧葬补助金、一次性工亡补助金，和供养亲属每月的抚恤金。"),
    Question("year", noop("哪一年去世"), Way.WHOLE, unit=noop("年"), least=1950, most=2100),
    Question(
        "income", noop("上一年度全国城镇居民人均可支配收入"), Way.MONEY, required=False, unit=noop("元/年"),
        help=noop("空着就用我们登记的数；那一年的数还没有登记的，请按国家统计局公布的填。"),
    ),
    _AREA, _OWN_WAGE,
    Question(
        "spouse", noop("靠他（她）供养的配偶"), Way.CHOICE, required=False, blank="",
        choices={"spouse": noop("有"), "spouse_lonely": noop("有，是孤寡老人")}, help=noop("没有就不用选。"),
    ),
    Question("others", noop("靠他（她）供养的其他亲属有几位"), Way.WHOLE, unit=noop("位"), required=False, blank=0, most=20, help=noop("父母、子女等。")),
    Question("alone", noop("其中孤儿或孤寡老人有几位"), Way.WHOLE, unit=noop("位"), required=False, blank=0, most=20),
)  # fmt: skip
def _work_death(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    if answers["alone"] > answers["others"]:
        raise AnswerWrong(field="alone", label=msg("其中孤儿或孤寡老人有几位"), why=msg("不能比亲属的人数多"))
    lump = {"year_of_death": answers["year"], "national_urban_income_previous_year": answers["income"]}
    try:
        once, steps = explained("death_lump_sum", lump, figures)
    except FigureMissing:
        once, steps = {"amount": None}, []
    if once["amount"] is None:
        why = msg("那一年的数还没有登记，请按国家统计局公布的填写")
        raise AnswerWrong(field="income", label=msg("上一年度全国城镇居民人均可支配收入"), why=why)
    funeral, more = explained("death_funeral", {"local_avg_wage": answers["area_wage"]}, figures)
    lines = [Line(noop("一次性工亡补助金"), _money(once["amount"])), Line(noop("丧葬补助金"), _money(funeral["amount"]))]
    relatives = _relatives(answers)
    if relatives:
        line, said = _allowance(relatives, answers, figures)
        lines.append(line)
        more = [*more, *said]
    return [Part(tuple(lines), (*steps, *more))]


def _relatives(answers: Mapping[str, Any]) -> list[str]:
    others = [f"other{n}" + ("_orphan" if n < answers["alone"] else "") for n in range(answers["others"])]
    return ([answers["spouse"]] if answers["spouse"] else []) + others


def _allowance(relatives: list[str], answers: Mapping[str, Any], figures: Figures) -> tuple[Line, list[Message]]:
    """What the relatives get a month together. The wage is held to its bounds as for any benefit of this insurance."""
    given = {"grade": 1, "own_wage": answers["own_wage"], "local_avg_wage": answers["area_wage"]}
    wage = MONEY.plain(explained("injury_benefit", given, figures)[0]["wage_used"])
    found = survivor_monthly(wage, relatives, figures)
    own = MONEY.said(MONEY.read(wage))
    steps = [msg("本人工资按当地平均工资的上下限，取 %(wage)s 元", wage=own)]
    for place, name in enumerate(relatives, 1):
        steps.append(msg("第 %(place)s 位亲属每月 %(amount)s 元", place=place, amount=MONEY.said(MONEY.read(found[name]))))
    before, paid = MONEY.read(found["sum_before_cap"]), MONEY.read(found["sum_paid"])
    steps.append(msg("合计 %(sum)s 元，不超过本人工资：每月 %(paid)s 元", sum=MONEY.said(before), paid=MONEY.said(paid)))
    return Line(noop("供养亲属抚恤金合计"), _monthly(paid)), steps


# -- survivors -----------------------------------------------------------------------------------------------------------


@_sheet(
    "survivors", noop("家人去世，职工养老保险的遗属待遇"), noop("参加职工养老保险的人因病或非因工去世，家属能领的丧葬补助金和抚恤金。"),
    Question(
        "status", noop("去世的人"), Way.CHOICE,
        choices={"working": noop("还没有领养老金"), "retired": noop("已经在领养老金")},
    ),
    Question("years", noop("职工养老保险一共缴了多少整年"), Way.WHOLE, unit=noop("年"), most=80),
    Question(
        "received", noop("领了多少整年养老金"), Way.WHOLE, unit=noop("年"), required=False, most=80, help=noop("还没有领的空着。"),
    ),
    Question(
        "income", noop("上一年度全省城镇居民月人均可支配收入"), Way.MONEY, figure="income.province_monthly_urban", least=1,
        help=noop("由省统计局公布；公布的是年数时除以 12。"),
    ),
)  # fmt: skip
def _survivors(answers: Mapping[str, Any], figures: Figures) -> list[Part]:
    given = {"contribution_years": answers["years"], "monthly_income_base": answers["income"]}
    if answers["status"] == "retired":
        if answers["received"] is None:
            raise AnswerWrong(field="received", label=msg("领了多少整年养老金"), why=msg("请填写，不满一年填 0"))
        given["years_of_pension_received"] = answers["received"]
    found, steps = explained(f"survivor_lump_sum_{answers['status']}", given, figures)
    lines = (
        Line(noop("一共"), _money(found["funeral"] + found["pension_lump"])), Line(noop("其中丧葬补助金"), _money(found["funeral"])),
        Line(noop("其中抚恤金"), _money(found["pension_lump"])),
    )  # fmt: skip
    notes = (msg("几个险种都有丧葬待遇的，只能选一个领。个人账户里剩下的钱另外退给家属。"),)
    return [Part(lines, tuple(steps), notes)]
