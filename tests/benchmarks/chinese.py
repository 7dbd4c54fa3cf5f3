"""Chinese from end to end of the read: what was told in Chinese, asked for in Chinese, and across languages.

    python -m tests.benchmarks.chinese [--encoder multilingual-e5-small] [--weights FILE]

15 statements and 15 questions written by hand (no template of the training data has their words), told between other
talk; the same questions in English; and ten that nobody told anything about. For the learned read, where there is one
for the encoder, the hand-set mix, and Chroma's cosine: is the right memory first, is it among three; of the untold
questions, how many get nothing to read. The last line of the output is JSON.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.input.encoder import Encoder
from knowledge.input.message_keys import keys_of
from knowledge.memory.store import ExternalMemory
from knowledge.read.attention_reader import AttentionReader
from knowledge.read.pipeline import read_memory
from knowledge.read.reader import Reader, fixed_for, make_reader
from knowledge.records import Turn
from knowledge.training.read_data import scratch_store
from knowledge.write.writer import Writer

OWNER = "chinese"
TOLD = (  # (what was told, asked in Chinese, asked in English)
    ("我太太怀孕了，预产期在明年二月。", "我们的宝宝大概什么时候出生？", "When is our baby due?"),
    ("昨天把眼镜忘在公司会议室了。", "我的眼镜落在哪儿了？", "Where did I leave my glasses?"),
    ("我们家楼上新搬来一户姓龚的人家。", "楼上的新邻居姓什么？", "What is the name of the new neighbours upstairs?"),
    ("我弟在部队当兵，驻扎在新疆喀什。", "我弟弟在哪里当兵？", "Where is my brother stationed?"),
    ("体检报告说我血脂偏高，得少吃油腻的。", "我体检查出了什么问题？", "What did my check-up find?"),
    ("阳台上的那盆茉莉是奶奶留给我的。", "奶奶给我留下了什么植物？", "Which plant did my grandmother leave me?"),
    ("下周三早上七点四十的高铁去郑州出差。", "我去郑州的火车几点开？", "What time does my train to Zhengzhou leave?"),
    ("乐乐数学考了九十八分，全班第三。", "乐乐数学得了多少分？", "What mark did Lele get in maths?"),
    ("我和大学室友合伙开了家奶茶店，取名叫「半糖」。", "我们的奶茶店叫什么？", "What is our tea shop called?"),
    (
        "银行卡密码别用生日，我改成了结婚纪念日。",
        "我的银行卡密码现在用的是什么？",
        "What is my bank card's PIN based on?",
    ),
    (
        "老爸退休以后迷上了种菜，院子里全是番茄。",
        "爸爸退休后都在忙什么？",
        "What has my father taken up since he retired?",
    ),
    (
        "相亲认识的那个女孩在动物园喂熊猫。",
        "相亲的女孩是干什么工作的？",
        "What does the girl I met on the blind date do?",
    ),
    ("租的车位是地下二层B217。", "我的停车位是多少号？", "Which parking space do I rent?"),
    ("外公年轻的时候是说评书的，茶馆里场场满座。", "外公以前靠什么谋生？", "What did my grandfather do for a living?"),
    ("我恐高，所以从来不坐摩天轮。", "我为什么不坐摩天轮？", "Why do I never go on a Ferris wheel?"),
)
TALK = (
    "今天食堂的菜太咸了。",
    "周末一起去看电影吧。",
    "我困得眼睛都睁不开了。",
    "外面风好大。",
    "你给我推荐一首歌吧。",
    "地铁上人山人海。",
    "终于放假了，真开心。",
    "帮我把这句话翻译成英文。",
    "晚上想吃点清淡的。",
    "快递怎么还没到？",
)
REPLIES = ("好的，知道了。", "听起来不错。", "嗯，我明白。", "没问题。", "那挺好的。")
UNTOLD = (
    "我的驾照什么时候到期？",
    "我表姐在哪家医院生的孩子？",
    "我借给谁钱了？",
    "我家的物业费是多少？",
    "我小学班主任叫什么？",
    "我最后一次打疫苗是哪天？",
    "珠穆朗玛峰有多高？",
    "谁发明了电话？",
    "给我写一首关于大海的诗。",
    "怎么做红烧茄子？",
)


@dataclass
class Score:
    """Counts over questions."""

    first: int = 0
    among_three: int = 0
    nothing_read: int = 0

    def add(self, right: str, texts: list[str]) -> None:
        self.first += texts[:1] == [right]
        self.among_three += right in texts[:3]
        self.nothing_read += not texts


def turns() -> list[Turn]:
    """The statements in four conversations, with talk and an assistant's replies between them."""
    said: list[tuple[str, str]] = []
    for number, (told, _, _) in enumerate(TOLD):
        said += [("user", told), ("assistant", REPLIES[number % len(REPLIES)])]
        if number < len(TALK):
            said += [("user", TALK[number]), ("assistant", REPLIES[(number + 2) % len(REPLIES)])]
    return [
        Turn(
            f"{at}",
            "assistant" if role == "assistant" else "user",
            text,
            1.7e9 + at * 40 + at // 12 * 86400,
            f"talk {at // 12}",
            "",
            at % 12,
        )
        for at, (role, text) in enumerate(said)
    ]


def asked(reader: Reader | None, store: ExternalMemory, encoder: Encoder, text: str) -> list[str]:
    """What is read for the question, best first; without a reader the nearest by cosine."""
    vector = encoder.encode_queries([text])[0]
    if reader is None:
        near = store.shortlist(OWNER, text, vector)
        return [one.memory.text for one in sorted(near, key=lambda one: -one.cosine)[:8]]
    found = read_memory(reader, store, encoder, OWNER, text, vector, [], asked=1.7e9 + 1e6, limit=8)
    return [read.memory.text for read in found.reads]


def measure(encoder: Encoder, weights: Path | None) -> dict[str, Any]:
    learned, note = make_reader(encoder.name, encoder.dimension, multilingual=encoder.multilingual, path=weights)
    fixed = fixed_for(encoder.name, multilingual=encoder.multilingual)
    readers: dict[str, Reader | None] = {"cosine": None, "fixed": fixed}
    if isinstance(learned, AttentionReader):
        readers["learned"] = learned
    else:
        print(note)
    result: dict[str, Any] = {"encoder": encoder.name, "questions": len(TOLD), "untold": len(UNTOLD)}
    with scratch_store(encoder) as store:
        memories = Writer().memories(OWNER, turns())
        store.add(OWNER, memories, keys_of(encoder, memories))
        for name, reader in readers.items():
            chinese, english, untold = Score(), Score(), Score()
            for told, question, in_english in TOLD:
                texts = asked(reader, store, encoder, question)
                chinese.add(told, texts)
                english.add(told, asked(reader, store, encoder, in_english))
                if texts[:1] != [told]:
                    print(f"{name}: {question} → {texts[:3]}")
            for question in UNTOLD:
                untold.add("", asked(reader, store, encoder, question))
            result[name] = {
                "first": chinese.first,
                "among_three": chinese.among_three,
                "declined": chinese.nothing_read,
                "english_first": english.first,
                "english_among_three": english.among_three,
                "untold_nothing_read": untold.nothing_read,
            }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--encoder", default="multilingual-e5-small", help="as the app's --encoder")
    parser.add_argument("--weights", type=Path, default=None, help="of the learned read (default: those that ship)")
    options = parser.parse_args()
    print(json.dumps(measure(Encoder(options.encoder), options.weights)))


if __name__ == "__main__":
    main()
