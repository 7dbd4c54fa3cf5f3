"""Chinese words for chats with labels (``year``): the cards of the Chinese scenes told, told again, changed and asked.

Does not know: turns, labels.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from knowledge.training.generated.chinese_facts import CARDS, PEOPLE, REPLIES, Card
from tests.benchmarks.year import Fact, Said

SELF = "我"
OWN, FRAME = 0.35, 0.6
AGAIN = ("我之前说过，", "你应该还记得，", "再提一次，", "就像我跟你说的，")
CHANGED = ("情况变了，", "有个新变化，", "跟以前不一样了，")
CORRECTED = ("刚才说错了，应该是：", "更正一下，", "不好意思，我记错了，", "之前跟你说的不对，")
BEFORE = ("对了，", "跟你说，", "告诉你一件事，", "顺便说一下，")
ECHO = ("好的，", "你跟我说过，", "记下了：", "根据你说的，")
TELLS_MORE = ("恢复得不错", "第二名", "下个月", "因为")  # of the plain statements, what the others do not hold
UNTOLD = ("这个你还没告诉过我。", "你没有提到过这件事。", "我不知道，你没说过。")
SMALL_TALK = (
    ("早上好！", "早上好！今天想聊点什么？"),
    ("谢谢你！", "不客气。"),
    ("哈哈，太有意思了。", "能逗你笑就好。"),
    ("外面又下雨了。", "出门记得带伞。"),
    ("路上堵车，真烦。", "别着急，慢慢来。"),
    ("我现在好困。", "休息一会儿吧。"),
    ("嗯，知道了。", "好的。"),
    ("你在吗？", "我在。"),
    ("晚安，明天再聊。", "晚安！"),
    ("等一下，有人敲门。", "好，我等你。"),
    ("说得有道理。", "很高兴你这么想。"),
    ("发错了，不好意思。", "没关系。"),
)
DISHES = ("番茄炒蛋", "宫保鸡丁", "鱼香茄子", "冬瓜汤", "葱油饼", "蒸鱼", "炒河粉", "八宝粥", "排骨汤", "凉拌黄瓜")
PLACES = ("洛阳", "泉州", "敦煌", "绍兴", "丽江", "平遥", "扬州", "大理", "烟台", "黄山")
THEMES = ("通货膨胀", "光合作用", "潮汐", "复利", "地震", "发酵", "雷达", "免疫系统", "加密", "彩虹")
REQUESTS = (
    ("{dish}怎么做？", "做{dish}先热锅，放{n}克油，小火煮{m}分钟，出锅前加半勺糖。"),
    ("给我一个{dish}的做法。", "{dish}的做法：主料{n}克切块，腌{m}分钟，大火翻炒后加盐。"),
    ("{place}有什么好玩的？", "{place}可以上午看老城墙，中午坐{m}路车去湖边，傍晚逛夜市，门票大约{n}元。"),
    ("帮我安排一天的{place}行程。", "{place}一日：八点吃早点，九点去博物馆，下午爬山约{m}分钟，晚饭预算{n}元。"),
    ("什么是{theme}？", "{theme}分三步：先积累，再变化，最后释放，一个周期大约{m}天，影响范围可达{n}公里。"),
    ("用一句话解释{theme}。", "{theme}就是很小的变化在{m}天里一点点累积，直到{n}倍以后才看得出来。"),
    (
        "帮我写一封请假邮件，请{m}天。",
        "主题：请假{m}天。尊敬的领导：因家中有事，特请假{m}天，工作已交给编号{n}的同事。",
    ),
    ("{n}除以{m}怎么算？", "先看{n}里有几个{m}，取整以后用余数补零，再除一次就得到小数。"),
)


class Chinese:
    """One person's way of speaking; used up by one year."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"chinese year:{seed}")
        self.kin = self.rng.sample(PEOPLE, 10)

    def fresh(self, facts: Sequence[Fact]) -> Fact | None:
        rng = self.rng
        for _ in range(40):
            card: Card = rng.choice(CARDS)
            who = SELF if card.own or rng.random() < OWN else rng.choice(self.kin)
            if not any(one.card is card and one.who == who for one in facts):
                return Fact(card, who, {"v": rng.choice(card.values)})
        return None

    def told(self, fact: Fact) -> Said:
        before = self.rng.choice(BEFORE) if self.rng.random() < 0.2 else ""
        return self._said(fact, self.rng.choice(fact.card.statements), before)

    def again(self, fact: Fact) -> Said | None:
        first = fact.card.statements[0]  # the plain one: the others tell it with more around it
        if first in fact.used or any(piece in first for piece in TELLS_MORE):
            return None
        return self._said(fact, first, self.rng.choice(AGAIN) if self.rng.random() < FRAME else "")

    def changed(self, fact: Fact) -> Said | None:
        if not fact.card.changed:
            return None
        self._other(fact)
        return self._said(fact, fact.card.changed, self.rng.choice(CHANGED) if self.rng.random() < 0.3 else "")

    def corrected(self, fact: Fact) -> Said | None:
        self._other(fact)
        return self._said(fact, fact.card.statements[0], self.rng.choice(CORRECTED))

    def ended(self, fact: Fact) -> Said | None:
        return None

    def detail(self, fact: Fact) -> tuple[str, str, str] | None:
        return None

    def echo(self, fact: Fact) -> Said | None:
        said = self._said(fact, fact.card.statements[0], use=False)
        return Said(self.rng.choice(ECHO) + said.text.replace(SELF, "你"), said.states)

    def acknowledged(self, fact: Fact) -> str:
        return self.rng.choice(REPLIES)

    def question(self, fact: Fact, facts: Sequence[Fact]) -> tuple[str, str] | None:
        return self.rng.choice(fact.card.questions).format(w=fact.who), "v"

    def past(self, fact: Fact) -> tuple[str, str] | None:
        assert fact.before
        if "v" not in fact.before[1] or fact.before[0] == fact.values:
            return None
        return "以前" + self.rng.choice(fact.card.questions).format(w=fact.who), "v"

    def untold(self, facts: Sequence[Fact]) -> tuple[str, str]:
        rng = self.rng
        told = {(one.card.questions, one.who) for one in facts}
        left = [(card, who) for card in CARDS for who in (*self.kin, SELF) if (card.questions, who) not in told]
        card, who = rng.choice([one for one in left if not one[0].own])
        return rng.choice(card.questions).format(w=who), rng.choice(UNTOLD)

    def request(self) -> tuple[str, str]:
        rng = self.rng
        drawn = {
            "dish": rng.choice(DISHES),
            "place": rng.choice(PLACES),
            "theme": rng.choice(THEMES),
            "n": rng.randrange(30, 400),
            "m": rng.randrange(2, 30),
        }
        asked, reply = rng.choice(REQUESTS)
        return asked.format(**drawn), reply.format(**drawn)

    def small_talk(self) -> tuple[str, str]:
        return self.rng.choice(SMALL_TALK)

    def _said(self, fact: Fact, form: str, before: str = "", *, use: bool = True) -> Said:
        if use:
            fact.used.add(form)
        return Said(before + form.format(w=fact.who, v=fact.values["v"]), frozenset({"v"}))

    def _other(self, fact: Fact) -> None:
        fact.values = {"v": self.rng.choice([one for one in fact.card.values if one != fact.values["v"]])}
