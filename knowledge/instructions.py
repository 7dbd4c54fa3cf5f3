"""What a decoder is told beside a message, and how it is shown to reply, in English and Chinese; it finds the words.

Does not know: when which of these is wanted, or how a decoder works.
"""

from __future__ import annotations

_CHINESE = 0.3  # share of Chinese letters from which a message is answered in Chinese
# How a reply begins is said where a small decoder would rather invent one than say that it does not know.
NOTES = {
    "nothing": (
        "(Nothing that I told you says this. Answer with one short sentence that begins with \"You haven't told me\".)",
        "（我从来没有告诉过你这件事。请用一句以“你还没有告诉过我”开头的简短的话回答。）",
    ),
    "unsure": (
        "(You are not sure. Answer with one short sentence that begins with \"I'm not sure\"; the closest things I "
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
        ("our cat had kittens last night, four of them", "Four kittens, how lovely! Congratulations to you all."),
        ("note to self: the plumber comes on friday at 10", "Noted: the plumber comes on Friday at 10."),
        ("I lost my keys again, so annoying", "Oh no, not again! I hope they turn up soon."),
    ),
    (
        ("我们家的猫昨晚生了四只小猫", "四只小猫，太可爱了！恭喜你和你的猫。"),
        ("备忘：水管工周五十点来", "记下了：水管工周五十点来。"),
        ("我又把钥匙弄丢了，真烦", "哎呀，又丢了！希望很快能找到。"),
    ),
)


def language_of(text: str) -> int:
    """The place of its language in every pair here: 0 English, 1 Chinese."""
    chinese = sum("\u3400" <= letter <= "\u9fff" for letter in text)
    return int(chinese >= _CHINESE * max(1, sum(map(str.isalnum, text))))
