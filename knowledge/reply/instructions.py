"""What a decoder is told beside a message, and how it is shown to reply, in English and Chinese; it finds the words.

Does not know: when which of these is wanted, or how a decoder works.
"""

from __future__ import annotations

_CHINESE = 0.3  # share of Chinese letters from which a message is answered in Chinese
# How a reply begins is said where a small decoder would rather invent one than say that it does not know.
NOTES = {
    "nothing": (
        '(Nothing that I told you says this. Answer with one short sentence that begins with "You haven\'t told me".)',
        "（我从来没有告诉过你这件事。请用一句以“你还没有告诉过我”开头的简短的话回答。）",
    ),
    "unsure": (
        '(You are not sure. Answer with one short sentence that begins with "I\'m not sure"; the closest things I '
        "told you follow below it.)",
        "（你不确定。请用一句以“我不确定”开头的简短的话回答；我说过的最接近的内容会附在下面。）",
    ),
    "last": ("(What I said last counts.)", "（以我最后说的为准。）"),
    "nothing to forget": (
        "(No memory of what I want forgotten was found, so there is nothing to forget. Say so in one sentence.)",
        "（没有找到我想让你忘掉的记忆，所以没有可以忘掉的。请用一句话告诉我。）",
    ),
}
# How a message that only tells something is replied to: shown, since a small decoder follows what it sees better than
# what it is told to do, and would rather say its last reply once more.
TOLD = (
    (
        (
            "hi, I'm Walter and I just sold my bakery after thirty years",
            "Nice to meet you, Walter! Thirty years is a long time, you can be proud.",
        ),
        ("our cat had kittens last night, four of them", "Four kittens, how lovely! Congratulations to you all."),
        ("boss = Ingrid, wants the audit done by 3 May", "Noted: Ingrid wants the audit done by 3 May."),
        (
            "My dad died in spring. He taught me to sail.",
            "I'm so sorry about your dad. Sailing must remind you of him.",
        ),
        ("I entered my pumpkins for the village fair on the ninth", "Good luck with your pumpkins on the ninth!"),
        (
            "the spare tyre is in the shed behind the bikes",
            "Got it: your spare tyre is in the shed, behind the bikes.",
        ),
        (
            "passed the theory test, failed the practical, again in June",
            "Well done on the theory! Fingers crossed for the practical in June.",
        ),
        (
            "the plumber moved it, he comes on friday at 10 now",
            "Okay, so the plumber comes on Friday at 10 now.",
        ),
        ("I'm on drops for my eyes and can't wear lenses", "Good to know: eye drops, and no lenses for you."),
        ("ugh, everything went wrong today", "That sounds like a rough day. I'm sorry!"),
    ),
    (
        ("我叫老何，上个月刚把开了三十年的面馆转让了", "老何你好！三十年真不容易，辛苦了。"),
        ("我们家的猫昨晚生了四只小猫", "四只小猫，太可爱了！恭喜你们。"),
        ("领导姓邓，审计报告五月三号要交", "记下了：邓领导要你五月三号交审计报告。"),
        ("我爸春天走了，他教会我游泳", "节哀。他教你游泳的日子，一定很让你怀念。"),
        ("备用轮胎在车库里，自行车后面", "好的，你的备用轮胎在车库里，自行车后面。"),
        ("水管工改时间了，现在是周五十点来", "好的，水管工改到周五十点来。"),
        ("我眼睛在用药水，不能戴隐形眼镜", "知道了：你在用眼药水，不能戴隐形眼镜。"),
        ("今天什么都不顺，烦死了", "听起来真是糟糕的一天，辛苦了。"),
    ),
)
# Words that are less likely in a reply that speaks of the person as "you", and by how many nats (LOG.md, 2026-11-28).
FIRST_PERSON = ("I", "me", "my", "mine", "we", "us", "our", "我")
LESS_LIKELY = -2.0


def language_of(text: str) -> int:
    """The place of its language in every pair here: 0 English, 1 Chinese."""
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    return int(chinese >= _CHINESE * max(1, sum(map(str.isalnum, text))))
