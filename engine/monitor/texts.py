"""Hold every word the monitor says, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from engine.message import SHANGHAI
from engine.monitor.texts_alerts import ALERT_TEXTS
from engine.monitor.texts_appointments import APPOINTMENT_TEXTS
from engine.monitor.texts_audit import AUDIT_TEXTS
from engine.monitor.texts_check import CHECK_TEXTS
from engine.monitor.texts_codes import CODES_TEXTS
from engine.monitor.texts_completeness import COMPLETENESS_TEXTS
from engine.monitor.texts_guide import GUIDE_TEXTS
from engine.monitor.texts_indicators import INDICATOR_TEXTS
from engine.monitor.texts_institutions import INSTITUTION_TEXTS
from engine.monitor.texts_messages import MESSAGE_TEXTS
from engine.monitor.texts_overview import OVERVIEW_TEXTS
from engine.monitor.texts_people import PEOPLE_TEXTS
from engine.monitor.texts_quality import QUALITY_TEXTS
from engine.monitor.texts_referrals import REFERRAL_TEXTS
from engine.monitor.texts_reports import REPORT_TEXTS
from engine.monitor.texts_residents import RESIDENT_TEXTS
from engine.monitor.texts_routes import ROUTE_TEXTS

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

TEXTS: dict[str, tuple[str, str]] = {
    # key: (Chinese, English)
    "product": ("长白 集成引擎", "Changbai Integration Engine"),
    "about": ("吉林省全民健康信息平台", "Provincial health information platform"),
    "monitor": ("通道监控", "Channel monitor"),
    "page.overview": ("总览", "Overview"),
    "lang": ("zh", "en"),
    "language.other": ("English", "中文"),
    "skip": ("跳到正文", "Skip to content"),
    "updated": ("更新于 {at}", "Updated {at}"),
    "live.lost": (
        "与引擎的连接中断，正在重试；下面是 {at} 的数字。",
        "Connection to the engine lost, trying again; figures are of {at}.",
    ),
    # signing in
    "signin.title": ("登录", "Sign in"),
    "signin.welcome": ("请登录后查看通道运行情况", "Sign in to see how the channels are doing"),
    "signin.name": ("用户名", "User name"),
    "signin.password": ("密码", "Password"),
    "signin.button": ("登录", "Sign in"),
    "signin.wrong": ("用户名或密码不正确。密码区分大小写。", "User name or password is wrong. Passwords are case-sensitive."),
    "signin.wait": ("连续失败次数过多，请 {seconds} 秒后再试。", "Too many failures; try again in {seconds} seconds."),
    "signin.stale": ("页面已过期，请重新登录。", "The page had expired; please sign in again."),
    "signin.help": ("忘记密码请联系平台管理员。", "Forgot your password? Ask the platform's administrator."),
    "signout": ("退出", "Sign out"),
    "role.viewer": ("查看", "viewer"),
    "role.operator": ("值班", "operator"),
    "role.engineer": ("接口工程师", "engineer"),
    "role.administrator": ("管理员", "administrator"),
    "role.auditor": ("审计", "auditor"),
    # states of a message
    "state.TAKEN": ("已接收", "Taken in"),
    "state.ROUTED": ("已路由", "Routed"),
    "state.INVALID": ("无效", "Invalid"),
    "state.FILTERED": ("已过滤", "Filtered"),
    "state.ERROR": ("错误", "Error"),
    "state.DISCARDED": ("已丢弃", "Discarded"),
    "tile.about.TAKEN": ("进入引擎的全部消息", "everything that came in"),
    "tile.about.ROUTED": ("校验通过并已登记投递", "checked, deliveries on file"),
    "tile.about.INVALID": ("已退回医院修改", "returned to the hospital"),
    "tile.about.FILTERED": ("路由不需要，无错误", "not wanted by a route"),
    "tile.about.ERROR": ("平台处理出错，待重放", "our own fault, held for replay"),
    "tile.about.DISCARDED": ("人工丢弃，原因在案", "by a person, reason kept"),
    "tile.today": ("今日", "today"),
    "tile.total": ("累计 {number}", "{number} in all"),
    "mark.revoked": ("已撤销", "revoked"),
    "mark.replaced": ("已被替换", "replaced"),
    # states of a delivery
    "delivery.QUEUED": ("排队", "Queued"),
    "delivery.SENDING": ("发送中", "Sending"),
    "delivery.UNKNOWN": ("结果未知", "Unknown"),
    "delivery.SENT": ("已送达", "Sent"),
    "delivery.DEAD": ("已终止", "Dead"),
    # the one look
    "look.lost": ("有没有丢？", "Is anything lost?"),
    "look.stuck": ("卡在哪里？", "What is stuck?"),
    "look.turn": ("该谁处理？", "Whose turn is it?"),
    "lost.no": ("一份不少", "Nothing"),
    "lost.yes": ("相差 {number} 份", "{number} unaccounted for"),
    "lost.no.about": ("接收的每一份都有去处，五种状态之和与接收数相等。", "Every message taken in is in exactly one state."),
    "lost.yes.about": (
        "五种状态之和与接收数不符。请立即运行 check --store 并联系平台工程师。",
        "The five states do not add up to what was taken in. Run check --store now and call the platform's engineer.",
    ),
    "stuck.no": ("没有卡住", "Nothing"),
    "stuck.no.waiting": ("没有等待中的投递。", "No delivery is waiting."),
    "stuck.no.moving": ("{number} 个投递正常排队，最早的等了 {age}。", "{number} deliveries are in line, the oldest for {age}."),
    "stuck.dead": ("{number} 个投递已终止", "{number} dead deliveries"),
    "stuck.late": ("{number} 个投递等待过久", "{number} deliveries wait too long"),
    "stuck.also": ("另有等待过久：{names}，最早的等了 {age}。", "Also waiting too long: {names}, the oldest for {age}."),
    "stuck.names": ("目的地：{names}。", "Destinations: {names}."),
    "stuck.about": ("目的地：{names}。最早的等了 {age}。", "Destinations: {names}. The oldest has waited {age}."),
    "turn.nobody": ("暂时没有", "Nobody’s"),
    "turn.several": ("{who}等 {number} 方", "{who} and {number} more"),
    "turn.nobody.about": ("今天没有需要人处理的事。", "Nothing needs a person today."),
    "turn.hospital": ("医院", "Hospitals"),
    "turn.hospital.about": ("今日 {number} 份被退回，修改后重传", "{number} returned today, to be corrected and sent again"),
    "turn.destination": ("目的地系统", "Destinations"),
    "turn.destination.about": ("{names} 暂时收不了", "{names} cannot take deliveries"),
    "turn.engineer": ("接口工程师", "Interface engineer"),
    "turn.engineer.about": ("{number} 份处理出错，待重放", "{number} held in error, to be replayed"),
    "turn.operator": ("值班人员", "Operator"),
    "turn.operator.about": ("{number} 个投递已终止，待重试或丢弃", "{number} dead deliveries to retry or discard"),
    "turn.platform": ("平台工程师", "Platform engineer"),
    "turn.platform.about": ("计数不守恒", "the counts do not add up"),
    # the sum
    "sum.title": ("守恒", "Conservation"),
    "sum.holds": ("相等", "adds up"),
    "sum.differs": ("相差 {number}", "differs by {number}"),
    # deliveries
    "deliveries.title": ("投递", "Deliveries"),
    "deliveries.about": ("按目的地", "by destination"),
    "deliveries.destination": ("目的地", "Destination"),
    "deliveries.oldest": ("最早等待", "Oldest waiting"),
    "deliveries.error": ("最近错误", "Last error"),
    "deliveries.none": ("没有等待中的投递", "No delivery is waiting"),
    "deliveries.none.about": ("路由登记投递后，各目的地会列在这里。", "Destinations appear here once a route sends to them."),
    "deliveries.no-error": ("无", "none"),
    "deliveries.blocked": ("{number} 组受阻", "keys blocked: {number}"),
    # dead deliveries
    "dead.title": ("已终止的投递", "Dead deliveries"),
    "dead.about": (
        "排在后面、须按顺序送达的投递都在等它。处理好原因后重试，或写明原因丢弃。",
        "Deliveries with the same key wait behind it. Cure the cause and retry, or discard with a reason.",
    ),
    "dead.attempts": ("已试 {number} 次", "tries: {number}"),
    "dead.behind": ("后面还有 {number} 个在等", "waiting behind it: {number}"),
    "dead.retry": ("重试", "Retry"),
    "dead.discard": ("丢弃", "Discard"),
    "dead.reason": ("丢弃原因（必填）", "Reason (required)"),
    "dead.more": ("另有 {number} 个未列出。", "{number} more are not listed."),
    # messages
    "messages.time": ("时间", "Time"),
    "messages.institution": ("机构", "Institution"),
    "messages.type": ("类型", "Type"),
    "messages.receipt": ("回执号", "Receipt"),
    "messages.state": ("状态", "State"),
    "messages.code": ("代码", "Code"),
    "messages.none": ("还没有收到消息", "No message yet"),
    "messages.none.about": ("医院上传的第一份文档会出现在这里。", "The first document a hospital uploads will appear here."),
    # answers to actions
    "done.retry": ("已重新排队，马上投递。", "Back in the queue; it is sent at once."),
    "done.discard": ("已丢弃，原因随消息留存。", "Discarded; the reason is kept with the message."),
    "done.gone": ("这个投递的状态已经变了，无需处理。", "This delivery has changed in the meantime; nothing to do."),
    "done.reason": ("丢弃时请写明原因。", "Please give a reason for discarding."),
    # what a code is about, for those who do not read its Chinese title
    "family.SND-1": ("身份与权限", "identity and rights"),
    "family.SND-2": ("打包与字符集", "packing and character set"),
    "family.SND-3": ("信封、XML 与结构", "envelope, XML and schema"),
    "family.SND-4": ("文档规则与代码", "document rules and codes"),
    "family.SND-5": ("重复与顺序", "duplicates and order"),
    "family.SND-6": ("上限与配额", "limits and quotas"),
    "family.SND-7": ("业务", "business of the service"),
    "family.DST-1": ("目的地不可用", "destination unavailable"),
    "family.DST-2": ("目的地拒收", "rejected by the destination"),
    "family.ENG-0": ("平台内部错误", "our own fault"),
    "family.ENG-5": ("请稍后再试", "try again"),
    # problems with a page
    "problem.403": ("您的角色不能做这个操作", "Your role may not do this"),
    "problem.403.about": ("需要时请联系平台管理员。", "Ask the platform's administrator if you need it."),
    "problem.404": ("没有这个页面", "There is no such page"),
    "problem.404.about": ("请从总览重新进入。", "Please start again from the overview."),
    "problem.405": ("这个页面不接受这种请求", "This page does not take such a request"),
    "problem.405.about": ("请从总览重新进入。", "Please start again from the overview."),
    "problem.413": ("提交的内容过长", "What was sent is too long"),
    "problem.413.about": ("请缩短后再提交。", "Please shorten it and try again."),
    "problem.400": ("页面已过期", "The page had expired"),
    "problem.400.about": ("请返回后重新操作。", "Please go back and try again."),
    "problem.500": ("平台内部错误", "Internal error"),
    "problem.500.about": (
        "已记录，编号 {trace}。请把编号告诉平台工程师。",
        "It has been noted as {trace}. Please tell the platform's engineer this number.",
    ),
    "problem.503": ("存储暂时不可用", "The store is not available"),
    "problem.503.about": ("数据没有丢失，页面会自动重试。", "Nothing is lost; the page tries again by itself."),
    "problem.back": ("回到总览", "Back to the overview"),
    # pages with words of their own
    **ALERT_TEXTS,
    **APPOINTMENT_TEXTS,
    **COMPLETENESS_TEXTS,
    **MESSAGE_TEXTS,
    **OVERVIEW_TEXTS,
    **QUALITY_TEXTS,
    **REFERRAL_TEXTS,
    **REPORT_TEXTS,
    **ROUTE_TEXTS,
    **INDICATOR_TEXTS,
    **RESIDENT_TEXTS,
    **GUIDE_TEXTS,
    **CHECK_TEXTS,
    **AUDIT_TEXTS,
    **CODES_TEXTS,
    **INSTITUTION_TEXTS,
    **PEOPLE_TEXTS,
}

Say = Callable[..., str]


def speaker(language: Language) -> Say:
    """Return the function that says a text by its key in this language; named values are put into the text."""
    column = LANGUAGES.index(language)

    def say(key: str, **values: object) -> str:
        return TEXTS[key][column].format(**values)

    return say


def choose_language(asked: str | None, kept: str | None) -> Language:
    """Choose what was asked for on this page, else what the cookie keeps, else Chinese."""
    for word in (asked, kept):
        for language in LANGUAGES:
            if word == language:
                return language
    return "zh"


_UNITS = ((86400, "天", "d"), (3600, "小时", "h"), (60, "分", "min"), (1, "秒", "s"))


def age_text(seconds: float, language: Language) -> str:
    """Write a duration with its two largest units: `3 分 12 秒`, `2 天 4 小时`, `3 min 12 s`."""
    rest = max(int(seconds), 0)
    parts: list[str] = []
    for size, chinese, english in _UNITS:
        count, rest = divmod(rest, size)
        if count or (size == 1 and not parts):
            parts.append(f"{count} {chinese if language == 'zh' else english}")
        elif parts:
            break
    return " ".join(parts[:2])


def lasting_text(seconds: float, language: Language) -> str:
    """Write how long something took: `0.05 秒`, `1.5 s`, `2 分`."""
    if seconds < 60:
        return f"{seconds:g} {'秒' if language == 'zh' else 's'}"
    return age_text(seconds, language)


def number_text(number: int) -> str:
    """Write a number with its thousands parted."""
    return f"{number:,}"


def percent_text(part: float) -> str:
    """Write a part of 1 in percent; what is little but not nothing never reads 0."""
    if 0 < part < 0.001:
        return "<0.1%"
    return f"{part:.1%}".replace(".0%", "%")


def clock_text(moment: datetime, now: datetime) -> str:
    """Write a moment in Shanghai: the time alone today, month and day before it otherwise."""
    local = moment.astimezone(SHANGHAI)
    same_day = local.date() == now.astimezone(SHANGHAI).date()
    return local.strftime("%H:%M:%S" if same_day else "%m-%d %H:%M:%S")
