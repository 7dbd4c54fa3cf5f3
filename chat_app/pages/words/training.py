"""Words of the training page: key → (English, Chinese)."""

from __future__ import annotations

TRAINING: dict[str, tuple[str, str]] = {
    "training.title": ("Training", "训练"),
    "training.subtitle": (
        "Your feedback teaches the read which memories you mean. It changes your own read only, and stays here.",
        "你的反馈会教会系统你指的是哪些记忆。只改变你自己的读取，且只保存在本机。",
    ),
    "training.refresh": ("Refresh", "刷新"),
    "training.collected": ("Collected", "已收集"),
    "training.collected_text": (
        "Like, dislike or edit replies in the chat; pin or mute memories there or on the Memory page.",
        "在对话中点赞、点踩或编辑回复；在对话或记忆页固定或屏蔽记忆。",
    ),
    "training.like": ("Liked replies", "点赞的回复"),
    "training.dislike": ("Disliked replies", "点踩的回复"),
    "training.edit": ("Edited replies", "编辑的回复"),
    "training.pin": ("Pinned memories", "固定的记忆"),
    "training.mute": ("Muted memories", "屏蔽的记忆"),
    "training.learning": ("Learning", "学习"),
    "training.learning_text": (
        "Runs in the background and gives way to replies. About one question in five is held back to check the result.",
        "在后台进行，回复优先。约五分之一的问题留作检验。",
    ),
    "training.learn": ("Learn from my feedback", "从我的反馈中学习"),
    "training.go_on": ("Go on learning", "继续学习"),
    "training.cancel": ("Cancel", "取消"),
    "training.waiting": ("Waiting for a quiet moment", "等待空闲"),
    "training.preparing": ("Looking up what was read", "查找读过的记忆"),
    "training.running": ("Learning", "正在学习"),
    "training.cancelled": ("Cancelled; nothing was changed.", "已取消，未作任何更改。"),
    "training.interrupted": (
        "A run was interrupted. It goes on where it stopped, or begins anew if your feedback has changed.",
        "上次学习被中断。可从中断处继续；若反馈有变化则重新开始。",
    ),
    "training.not_better": (
        "On the feedback that was held back the result is no better, so nothing was changed. More feedback may help.",
        "在留出的反馈上结果没有变好，因此未作更改。更多反馈可能有帮助。",
    ),
    "training.offered": (
        "The result does better on the feedback that was held back. Shall it serve from now on?",
        "结果在留出的反馈上更好。要从现在起使用吗？",
    ),
    "training.keep": ("Keep", "保留"),
    "training.discard": ("Discard", "丢弃"),
    "training.in_force": ("What you taught the read is in use.", "正在使用你教会的读取。"),
    "training.shipped": ("The read that ships is in use.", "正在使用自带的读取。"),
    "training.roll_back": ("Roll back", "回退"),
    "training.did_keep": ("It serves from now on.", "已启用。"),
    "training.did_discard": ("Dropped; nothing was changed.", "已丢弃，未作更改。"),
    "training.did_roll_back": ("Rolled back to what served before.", "已回退到之前的读取。"),
    "training.did_delete": ("Forgotten. It counts no more when you learn again.", "已删除，再次学习时不再计入。"),
    "training.measure": ("Held-back feedback", "留出的反馈"),
    "training.before": ("Before", "之前"),
    "training.after": ("After", "之后"),
    "training.score": ("All together", "总计"),
    "training.reward": (
        "Reward: replies you would like less those you would not",
        "奖励：你会喜欢的回复减去不喜欢的",
    ),
    "training.wanted": ("Weight on memories you pinned or corrected to", "你固定或在修改中用到的记忆所占权重"),
    "training.unwanted": ("Weight on memories you muted", "你屏蔽的记忆所占权重"),
    "training.dialogues": ("Finds turns of your dialogues", "找到你对话中的轮次"),
    "training.basis": (
        "Learned from {trained}, checked on {held}.",
        "用 {trained} 条学习，用 {held} 条检验。",
    ),
    "training.list": ("Your feedback", "你的反馈"),
    "training.empty": ("Nothing yet", "暂无反馈"),
    "training.empty_text": (
        "Use the thumbs under a reply, or correct it with the pencil.",
        "使用回复下方的拇指按钮，或用铅笔修改它。",
    ),
    "training.question": ("Question: {text}", "问题：{text}"),
    "training.memory": ("Memory: {text}", "记忆：{text}"),
    "training.edited": ("Your wording: {text}", "你的措辞：{text}"),
    "training.no_question": (
        "no reply has read it yet: kept, but not learned from",
        "尚无回复读过它：已保存，但不用于学习",
    ),
    "training.delete": ("Forget this feedback", "删除这条反馈"),
}
