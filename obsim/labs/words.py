"""What `obsim lab` says itself, in every language that labs have; and which language somebody wants."""

from collections.abc import Mapping

from obsim.labs.lab import LANGUAGES

__all__ = ["WORDS", "language_of"]


def language_of(environment: Mapping[str, str]) -> str:
    """The language of LC_ALL, LC_MESSAGES or LANG, the first of them that says something; English for others."""
    named = next((environment[key] for key in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(key)), "")
    return named[:2] if named[:2] in LANGUAGES else LANGUAGES[0]


WORDS: dict[str, dict[str, str]] = {
    "en": {
        "minutes": "{minutes} min",
        "connect": "Connect with any MySQL client, in another terminal:",
        "time": (
            "Time stands still here while nobody asks. Repeat a query while work goes on, and you see it move;\n"
            "CALL obsim.run_until_idle() lets everything come to its end, CALL obsim.advance('10m') lets time pass."
        ),
        "commands": (
            "obsim lab check {name}    what holds and what is missing\n"
            "obsim lab hint {name}     a hint for the step you are at\n"
            "obsim lab reset {name}    back to the beginning\n"
            "Ctrl-C here ends the lab."
        ),
        "step": "Step {number} of {count}: {title}",
        "done": "Step {number} of {count}: {title} - done",
        "holds": "holds",
        "missing": "missing",
        "found": "found {found}, expected {expected}",
        "failed": "the server says: {error}",
        "nothing": "no row",
        "null": "NULL",
        "why": "Why it matters: {why}",
        "all": "Everything holds.",
        "hint": "Hint {number} of {count}",
        "last": "That was the last hint of this step.",
        "again": "The lab is back at its beginning.",
        "at_least": "at least {value}",
        "at_most": "at most {value}",
        "between": "{low} to {high}",
        "one_of": "one of {values}",
    },
    "zh": {
        "minutes": "{minutes} 分钟",
        "connect": "请另开一个终端，用任意 MySQL 客户端连接：",
        "time": (
            "这里的时间只在有人查询时才前进：任务运行期间重复执行同一条查询，就能看到进度推进。\n"
            "CALL obsim.run_until_idle() 一直等到所有任务结束，CALL obsim.advance('10m') 让时间前进十分钟。"
        ),
        "commands": (
            "obsim lab check {name}    检查哪些条件已满足、哪些还没有\n"
            "obsim lab hint {name}     查看当前步骤的提示\n"
            "obsim lab reset {name}    恢复到初始状态\n"
            "在本终端按 Ctrl-C 结束实验。"
        ),
        "step": "第 {number} 步（共 {count} 步）：{title}",
        "done": "第 {number} 步（共 {count} 步）：{title}，已完成",
        "holds": "满足",
        "missing": "未满足",
        "found": "实际：{found}，要求：{expected}",
        "failed": "服务器返回：{error}",
        "nothing": "没有记录",
        "null": "NULL",
        "why": "为什么重要：{why}",
        "all": "所有条件均已满足。",
        "hint": "提示 {number}（共 {count} 条）",
        "last": "这是本步骤的最后一条提示。",
        "again": "实验已恢复到初始状态。",
        "at_least": "不小于 {value}",
        "at_most": "不大于 {value}",
        "between": "{low} 到 {high}",
        "one_of": "{values} 之一",
    },
}
"""Language -> word -> text; every language has the same words with the same fields."""
