# ruff: noqa: E501 - a paper reads best in one piece
"""One ordinary paper of each kind, as a hall would print it."""

from __future__ import annotations

import struct
import zlib
from base64 import b64encode
from datetime import UTC, date, datetime

from linli.domains.documents import papers as p

DAY = date(2026, 11, 20)
WHO = {
    "addressee": "阿卜杜热合曼·买买提艾力",
    "addressee_id": "653001********1234",
    "case_number": "65300120261120100012X5",
    "item_name": "失业保险金申领",
    "item_code": "si-unemp-01",
    "contact": p.Contact(
        name="示范区政务服务中心人社综合窗口", address="示范区人民路1号", phone="0000-1234567", hours="工作日 9:00—17:30"
    ),
}
REMEDY = p.Remedy(review_body="示范区人民政府", court="示范区人民法院")


def signature(width: int = 600, height: int = 200) -> str:
    """A drawn stroke as a PNG in Base64, made by hand so that the samples need no picture."""
    rows = b"".join(
        b"\0" + bytes(0 if abs(y - (40 + (x * 7) % 120)) < 5 or abs(y - 100 - (x % 90)) < 4 else 255 for x in range(width))
        for y in range(height)
    )

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b64encode(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    ).decode()


SAMPLES: list[p.Paper] = [
    p.AcceptanceNotice(
        **WHO, submitted_on=DAY, accepted_on=DAY, case_kind="承诺件",
        materials=(
            p.MaterialLine(name="居民身份证", form="电子", copies=1, source="电子证照"),
            p.MaterialLine(name="解除(终止)劳动合同证明", form="原件", copies=1, source="申请人提交"),
            p.MaterialLine(name="失业登记信息", source="部门核验"),
        ),
        pending=(p.PendingMaterial(name="社会保险参保缴费记录", owed_by_bureau=True, note="接口故障,恢复后由本机关补齐"),),
        limit="5个工作日", statutory_limit="10个工作日", due_on=date(2026, 11, 27),
        due_note="自受理的次日(11月21日)起计算5个工作日,其间11月21日、22日为休息日,不计。",
        result_document="失业保险金核定通知", delivery="窗口领取或邮寄", legal_basis=("《社会保险经办条例》第二十四条",),
    ),
    p.CorrectionNotice(
        **WHO, submitted_on=DAY,
        items=(
            p.CorrectionItem(
                material="解除(终止)劳动合同证明", problem="缺少用人单位印章,解除日期与失业登记日期不一致。",
                how="请原用人单位核对日期后重新出具并加盖公章。", basis="《失业保险条例》第十六条",
            ),
            p.CorrectionItem(material="银行账户信息", problem="账号少一位。", how="可在网上直接修改,也可到任一窗口更正。"),
        ),
        reply_by=date(2026, 12, 4),
        ways=("网上:登录本平台“我的办件”,在原申请上修改", "窗口:到本区任一政务服务大厅、乡镇便民服务中心", "邮寄:寄至示范区人民路1号人社综合窗口"),
        consequence="逾期未补正的,视为撤回申请;以后需要办理的,可以随时重新申请。", help="行动不便的,可以申请工作人员上门帮办。",
        legal_basis=("《中华人民共和国行政许可法》第三十二条第一款第四项",),
    ),
    p.NonAcceptance(
        **WHO, submitted_on=DAY, ground=p.RefusalGround.NOT_OURS,
        reasons="经核查,您最后参保缴费地为邻省某市。按照规定,失业保险金由最后参保缴费地的失业保险经办机构核定发放。\n本机关没有您的失业保险缴费记录。",
        legal_basis=("《中华人民共和国社会保险法》第五十条", "《失业保险条例》第二十四条"),
        right_authority=p.RightAuthority(name="某市失业保险经办机构", address="某市解放路8号", phone="0000-7654321"),
        advice="您也可以通过国家社会保险公共服务平台在网上提出申请,不需要回到原参保地。", remedy=REMEDY,
    ),
    p.SuspensionNotice(
        **WHO, accepted_on=DAY, suspended_from=date(2026, 11, 24), ground="等待司法机关结论",
        reasons="您与原用人单位之间的劳动关系解除时间,正由示范区人民法院审理((2026)示0101民初123号),其结论是核定失业时间的依据。",
        legal_basis=("《工伤保险条例》第二十条",), expected="约30日", expected_until=date(2026, 12, 24), elapsed="2个工作日",
        your_part="请您在收到判决书后三日内告知本机关,也可以由本机关向人民法院查询。",
    ),
    p.ResumptionNotice(
        **WHO, suspension_number="示范区人社局中字〔2026〕3号", suspended_from=date(2026, 11, 24), resumed_on=date(2026, 12, 18),
        reasons="示范区人民法院已于2026年12月17日作出判决,劳动关系解除时间已经确定。", not_counted="18个工作日",
        due_on=date(2026, 12, 23), due_note="中止前已用2个工作日,尚余3个工作日,自恢复办理的次日起计算。",
    ),
    p.ExtensionNotice(
        **WHO, accepted_on=DAY, due_on=date(2026, 12, 18), extended_by="10个工作日", new_due_on=date(2027, 1, 4),
        due_note="自原期限届满的次日起计算10个工作日,2027年1月1日为法定节假日,不计。",
        reasons="申请材料涉及三家用人单位,其中一家已经注销,需向市场监督管理部门调取档案核实。", approved_by="本机关负责人",
        approved_on=date(2026, 12, 16), legal_basis=("《中华人民共和国行政许可法》第四十二条第一款",),
    ),
    p.Decision(
        **WHO, outcome=p.Outcome.APPROVED, matter="失业保险金申领", submitted_on=DAY, accepted_on=DAY,
        facts="申请人连续缴纳失业保险费六年四个月,因用人单位提出解除劳动合同而失业,已办理失业登记。",
        legal_basis=("《中华人民共和国社会保险法》第四十五条、第四十六条",),
        content="准予领取失业保险金,标准为每月1,980元,期限为18个月,自2026年12月起按月发放至申请人的社会保障卡银行账户。",
        effective="领取期间重新就业的,请在就业之日起十五日内告知本机关。", result_document="失业保险金核定表一份", remedy=REMEDY,
    ),
    p.Decision(
        **WHO, outcome=p.Outcome.REJECTED, accepted_on=DAY,
        facts="申请人于2026年10月31日向原用人单位提出辞职,双方于同日解除劳动合同。上述事实有辞职书、解除劳动合同证明等证据证实。",
        reasons="领取失业保险金应当符合“非因本人意愿中断就业”的条件。申请人系主动辞职,不属于非因本人意愿中断就业的情形。",
        legal_basis=("《中华人民共和国社会保险法》第四十五条第二项", "《实施〈中华人民共和国社会保险法〉若干规定》第十三条"),
        content="对申请人提出的失业保险金申领申请,不予批准。", remedy=REMEDY,
    ),
    p.ResultCertificate(
        title="就业困难人员认定证明", holder_name="欧阳𬀩雯", holder_id="110105********0047", case_number="11010520261120100345X2",
        item_name="就业困难人员认定", lead="经审核,下列人员符合就业困难人员认定条件,予以认定。",
        rows=(
            p.Row(label="性别", value="女"), p.Row(label="认定类别", value="距法定退休年龄不足五年的登记失业人员"),
            p.Row(label="认定日期", value="2026年11月20日"), p.Row(label="可享受政策", value="公益性岗位安置、灵活就业社会保险补贴"),
        ),
        statement="本证明可凭下方验证码核验。实现稳定就业或不再符合条件的,认定自行终止。",
        valid_from=DAY, valid_to=date(2027, 11, 19), legal_basis=("《中华人民共和国就业促进法》第五十二条",),
    ),
    p.DeliveryReceipt(
        **WHO, delivered=(
            p.Delivered(name="准予失业保险金申领决定书", number="示范区人社局决字〔2026〕88号"),
            p.Delivered(name="失业保险金核定表", copies=2),
        ),
        method=p.DeliveryMethod.DIRECT, place="示范区政务服务中心7号窗口", delivered_at=datetime(2026, 11, 27, 10, 32, tzinfo=UTC),
        receiver="阿卜杜热合曼·买买提艾力", relation="本人", signature_png=signature(), receipt_code="Q7K2-M8WX",
        deliverers=("张三", "李四"),
    ),
    p.CaseCover(
        title="阿卜杜热合曼·买买提艾力失业保险金申领案卷", archive_code="0101-2026-失业-00012", fonds="示范区人力资源和社会保障局",
        category="失业保险", case_number="65300120261120100012X5", item_name="失业保险金申领", applicant="阿卜杜热合曼·买买提艾力",
        department="失业保险科", opened_on=DAY, closed_on=date(2026, 11, 27), outcome="准予", retention="30年",
        contents=(
            p.Content(name="失业保险金申领表", author="申请人", on=DAY, pages="1—2", digest="66c7f0f462eeedd9d1f2d46bdc10e4e2" * 2),
            p.Content(name="受理通知书", number="示范区人社局受字〔2026〕12号", author="本机关", on=DAY, pages="3—4", digest="ab" * 32),
            p.Content(name="准予失业保险金申领决定书", number="示范区人社局决字〔2026〕88号", author="本机关", on=date(2026, 11, 26), pages="5", digest="0f" * 32),
        ),
        checks=(
            p.Row(label="真实性", value="通过:签名有效,摘要一致"), p.Row(label="完整性", value="通过:应归档文件 3 件,实有 3 件"),
            p.Row(label="可用性", value="通过"), p.Row(label="安全性", value="通过"),
        ),
        trace_head="5d" * 32, archived_by="系统自动立卷",
    ),
    p.Commitment(
        **WHO, material="从事本职业（工种）工作年限证明", required="办理“失业保险金申领”，按规定要有“从事本职业（工种）工作年限证明”。",
        basis="依据：《社会保险经办条例》第三十一条。", choice="您可以不提供这份材料，改为书面承诺；不愿意承诺的，照常提供材料，办理不受影响。",
        promised="已经知道上面的要求，自己符合这份材料要证明的情况，所说的都是真的，并愿意承担责任。",
        check="我们在作出决定之日起 60 个工作日内核查，方式包括向有关部门查询和实地核对，请您配合。",
        provisional="凭承诺作出的结果在核查通过之前是暂行的，结果文书上会注明。",
        consequence="承诺不实的，先听您说明；查证属实的，依法撤销已经作出的决定，并按规定记入信用记录 12 个月。",
        repair="发现自己说错了的，在核查之前主动告诉我们并补上材料，不作为失信处理。",
        sources=("《浙江省保障“最多跑一次”改革规定》第十四条",), signed_on=DAY, signed_how="屏幕签名", signature_png=signature(),
    ),
    p.Commitment(
        **WHO, pending=True, material="经营场所使用证明及办公设施设备、信息管理系统清单", required="办理“失业保险金申领”，还缺一份次要材料。",
        promised="自受理之日起 5 个工作日内补交这份材料，只承诺这一次。", consequence="到期没有补交的，撤销受理，本次申请视为撤回。",
        due_on=date(2026, 11, 27), signed_on=DAY, signed_how="纸质签字，存卷",
    ),
    p.BreachNotice(
        **WHO, material="从事本职业（工种）工作年限证明", promised_on=DAY, facts="向单位核实，本人 2024 年 6 月入职，不足承诺的五年。",
        intended="撤销已经作出的决定；按规定记入信用记录 12 个月。", legal_basis=("《中华人民共和国行政许可法》第六十九条第二款",),
        answer_by=date(2026, 11, 27),
    ),
    p.BreachDecision(
        **WHO, material="从事本职业（工种）工作年限证明", facts="向单位核实，本人 2024 年 6 月入职，不足承诺的五年。",
        statement="入职日期记错了，愿意补交证明。", reasons="承诺的情况与事实不符，不符合规定条件。",
        legal_basis=("《中华人民共和国行政许可法》第六十九条第二款",), revoked=("某区人社局决字〔2026〕3号", "某区人社局证字〔2026〕3号"),
        noted_until=date(2027, 11, 20), repair="改正后可以向任一窗口申请修复。", remedy=REMEDY,
    ),
    p.BenefitNotice(
        **WHO, benefit="就业困难人员灵活就业社保补贴", period="2026年第4季度", amount="1 523.40", decided_on=date(2026, 11, 20),
        conditions=("就业困难人员认定有效", "已办理灵活就业登记", "补贴时段内以个人身份缴纳养老、医疗保险", "无单位参保记录"),
        measure="补贴额 = min（实际缴费 × 2/3， 当地定额标准） × 月数", legal_basis=("《就业补助资金管理办法》", "人社部发〔2019〕94号"),
        published="2026年11月12日至11月19日公示 5 个工作日，没有异议", paid_to="发放到您登记的银行账户；没有登记账户的，请在“我的待遇”登记或到任一窗口办理。",
        remedy=REMEDY,
    ),
    p.PaymentStopped(
        **WHO, receiver=WHO["addressee"], benefit="企业职工基本养老金", since=date(2026, 11, 20), decided_on=date(2026, 11, 20),
        facts="领取资格认证的有效期到2026年8月18日。期满后没有新的认证，有关部门也没有实名记录。",
        reached=(
            p.Reached(on=date(2026, 6, 19), way="第一次提醒（发消息）", outcome="已发出"),
            p.Reached(on=date(2026, 7, 4), way="打电话", outcome="没有找到人"),
            p.Reached(on=date(2026, 8, 3), way="村（社区）走访", outcome="已搬走"),
            p.Reached(on=date(2026, 10, 17), way="停发前最后提醒（发消息）", outcome="已发出"),
        ),
        reasons="多次联系不上，领取资格无法核实。", legal_basis=("《社会保险经办条例》第二十六条",),
        resume=("在网上大厅“待遇认证”拍一张照片", "带身份证件到任一窗口", "打电话给我们，工作人员上门"), remedy=REMEDY,
    ),
    p.PaymentResumed(
        **WHO, receiver=WHO["addressee"], benefit="企业职工基本养老金", stopped_by="示范区人社局停发字〔2026〕3号", since=date(2026, 9, 20),
        resumed_on=date(2026, 11, 20), reasons="已于2026年11月20日在窗口当面认证。", owed=("2026年9月", "2026年10月"), remedy=REMEDY,
    ),
    p.DemandReceipt(
        demand_number="SQ2026112000017", person="买买提江·艾合买提", phone="138****5678", received_at=datetime(2026, 11, 20, 9, 5, tzinfo=UTC),
        channel="大厅窗口", place="示范区政务服务中心", category="社会保险", summary="原单位已经注销,2009年至2011年的养老保险缴费记录查不到,多次奔波没有结果,请求帮助查清并补记。",
        wish="查清缴费记录,补记个人账户。", owner="养老保险科", reply_by=date(2026, 11, 27), reply_note="自登记的次日起5个工作日。",
        next_steps=("承办单位在1个工作日内与您联系", "查不清的,由承办单位向档案、税务等部门调取,不需要您再跑", "办结后请您评价"),
        contact=p.Contact(name="示范区人社局民声服务专班", phone="0000-12333"),
    ),
    p.JointReceipt(
        addressee="云岭示例服务有限公司", addressee_id="91770100MA0000000X", addressee_is_employer=True, agent="买买提江·艾合买提",
        joint_number="L7701002026112000017", matter="企业开办一件事", submitted_at=datetime(2026, 11, 20, 1, 5, tzinfo=UTC),
        parts=(
            p.JointLine(name="企业设立登记", office="示范区市场监督管理局", number="7701002026112000018", due_on=date(2026, 11, 25)),
            p.JointLine(name="公章刻制备案", office="示范区公安局", due_on=date(2026, 11, 27), note="等“企业设立登记”办好后提交"),
            p.JointLine(name="企业社会保险登记", office="示范区人力资源和社会保障局", due_on=date(2026, 11, 26), note="等“企业设立登记”办好后提交"),
        ),
        materials=("企业登记申请材料", "法定代表人身份证明"), due_on=date(2026, 11, 27),
        due_note="最长的一串是“企业设立登记”→“公章刻制备案”,后一项等前一项的结果,2026-11-27 前全部办结;其余事项同时办理。",
        contact=p.Contact(name="示范区政务服务中心", address="示范区人民路1号", phone="0000-12333"),
    ),
    p.ServiceGuide(
        body="示范区人力资源和社会保障局", item_name="失业保险金申领", main_name="失业保险待遇核定与发放", item_code="si-unemp-01", item_kind="公共服务",
        standard_version="第3版", published_on=date(2026, 9, 1), applicants="参加失业保险的失业人员",
        summary="失业人员符合条件的,按月领取失业保险金,由基金代缴职工基本医疗保险费。",
        conditions=("失业前用人单位和本人已经缴纳失业保险费满一年", "非因本人意愿中断就业", "已经进行失业登记,并有求职要求"),
        benefit="每月标准按当地最低工资标准的90%确定;领取期限最长二十四个月。",
        materials=(
            p.GuideMaterial(name="居民身份证或社会保障卡", form="电子", copies=1, required="必要", source="政府部门核发", instead="电子证照"),
            p.GuideMaterial(name="失业保险金申领表", form="电子", required="必要", source="系统自动生成", note="核对后签名"),
            p.GuideMaterial(name="解除(终止)劳动合同证明", form="复印件", copies=1, required="视情形", source="用人单位", instead="告知承诺", note="系统能查到的不用提供"),
        ),
        steps=("在网上、掌上或任一窗口提出申请,已有信息自动带出,只需核对", "经办机构核定条件、标准和期限", "按月发放至社会保障卡银行账户"),
        limits=(p.Row(label="法定办结时限", value="10个工作日"), p.Row(label="承诺办结时限", value="当场受理,3个工作日")),
        result_document="失业保险金核定表", trips=0, channels=("大厅窗口", "网上", "掌上", "自助终端", "帮代办"),
        online_url="https://linli.example.gov.cn/items/si-unemp-01", places=(WHO["contact"],), consult="0000-12333", complaint="0000-12345",
        legal_basis=("《中华人民共和国社会保险法》第四十五条至第五十二条", "《失业保险条例》", "《失业保险金申领发放办法》"), remedy=REMEDY,
        flow=(
            p.FlowStep(name="申请", who="申请人", limit="随时", note="网上、掌上或任一窗口"), p.FlowStep(name="受理", who="综合窗口", limit="当场"),
            p.FlowStep(name="审核", who="随机派件", limit="2个工作日", note="部门数据核验"), p.FlowStep(name="决定", who="失业保险科", limit="1个工作日"),
            p.FlowStep(name="发放和送达", who="出件岗", limit="每月10日前"),
        ),
    ),
    p.WindowGuide(
        body="示范区人力资源和社会保障局", item_name="失业保险金申领", item_code="si-unemp-01", standard_version="第3版", published_on=date(2026, 9, 1),
        summary="任一窗口都能受理。能从部门查到的,不向申请人要;查不到的,先受理,由本机关补齐。",
        roles=(
            p.Role(step="受理", post="综合窗口受理员", org="政务服务大厅", how="当班"), p.Role(step="审核", post="审核员", org="失业保险科", how="系统随机派件"),
            p.Role(step="决定", post="审批人", org="失业保险科", how="按权限"), p.Role(step="出件", post="出件员", org="政务服务大厅", how="当班"),
        ),
        prohibited=("受理的人不得审核同一办件", "决定的人不得出件", "任何人不得指定或打听审核人"),
        materials=(
            p.MaterialPoints(name="居民身份证", form="电子,1份", source="电子证照", points=("人证一致", "姓名中的间隔号按证件录入"), mistakes=("证件过期:先受理,提醒换证",)),
            p.MaterialPoints(name="解除劳动合同证明", form="复印件,1份", source="申请人", points=("有单位印章", "解除原因为非本人意愿"), mistakes=("单位已注销:改用告知承诺", "日期不一致:一次性告知")),
        ),
        not_to_ask=(p.NotToAsk(what="失业登记证", instead="就业信息系统"), p.NotToAsk(what="社保缴费证明", instead="本局社会保险系统")),
        prefilled=(p.Prefilled(field="姓名、证件号码", source="身份证读卡"), p.Prefilled(field="缴费年限", source="社会保险系统")),
        routing=(p.Route(when="条件齐全", to="随机派审核员"), p.Route(when="劳动关系有争议", to="中止并告知", note="等待仲裁或法院结论")),
        clocks=(p.ClockLine(name="承诺时限", limit="3个工作日", start="受理次日", basis="事项标准"), p.ClockLine(name="法定时限", limit="10个工作日", start="受理次日", basis="《社会保险经办条例》第二十四条")),
        clock_notes=("补正只能告知一次", "等待申请人不是中止的理由"),
        scripts=(p.Script(situation="缺少材料", say="这份材料我们来查,您不用再跑。您先核对一下这几项信息。"), p.Script(situation="不符合条件", say="我先给您登记,由审核的同事给您书面答复,您有不同意见也可以申请复议。")),
        refusal_rule="窗口没有否决权。不属于本事项的,登记为诉求并打印回执;确需不予受理的,报值班长批准,出具不予受理决定书。",
        contacts=(p.Contact(name="失业保险科业务支持", phone="0000-1234568"),),
        flow=(p.FlowStep(name="受理", who="综合窗口", limit="当场"), p.FlowStep(name="审核", who="随机派件", limit="2个工作日"), p.FlowStep(name="决定", who="审批人", limit="1个工作日"), p.FlowStep(name="出件", who="出件岗", limit="当日")),
    ),
]  # fmt: skip
