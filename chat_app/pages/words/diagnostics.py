"""Words of the diagnostics page: key → (English, Chinese)."""

from __future__ import annotations

DIAGNOSTICS: dict[str, tuple[str, str]] = {
    "diagnostics.title": ("Counters", "计数"),
    "diagnostics.subtitle": (
        "What is kept ready for the model. Numbers since the start; none of your words.",
        "为模型预先保存了什么。数字自启动起累计，不含你的任何文字。",
    ),
    "diagnostics.refresh": ("Refresh", "刷新"),
    "diagnostics.tokens": ("{count} tokens", "{count} 个词元"),
    "diagnostics.blocks": ("Blocks of memories", "记忆块"),
    "diagnostics.blocks_text": (
        "What the model makes of a memory is computed once and kept, so that reading it costs almost nothing.",
        "模型对一条记忆的计算只做一次并保存下来，之后读取几乎没有代价。",
    ),
    "diagnostics.count": ("Blocks in memory", "内存中的块"),
    "diagnostics.ram": ("Memory used", "内存占用"),
    "diagnostics.files": ("Blocks on disk", "磁盘上的块"),
    "diagnostics.disk": ("Disk used", "磁盘占用"),
    "diagnostics.of": ("{part} of {whole}", "{part}，上限 {whole}"),
    "diagnostics.off": ("switched off", "已关闭"),
    "diagnostics.hit_rate": ("Found ready", "命中率"),
    "diagnostics.hits": (
        "{rate} ({hits} of {asked} asked for; {disk} from disk)",
        "{rate}（{asked} 次请求中 {hits} 次，其中 {disk} 次来自磁盘）",
    ),
    "diagnostics.not_asked": ("nothing asked for yet", "尚无请求"),
    "diagnostics.elsewhere": (
        "none: the model runs at an endpoint, outside Mneme",
        "无：模型在 Mneme 之外的端点运行",
    ),
    "diagnostics.prefix": ("Running dialogues", "进行中的对话"),
    "diagnostics.prefix_text": (
        "The beginning of a dialogue is not computed again with every message.",
        "对话的开头不会在每条消息时重新计算。",
    ),
    "diagnostics.limit": ("At most kept", "最多保存"),
    "diagnostics.reused": ("Reused", "重复使用"),
    "diagnostics.reused_of": ("{rate} ({part} of {whole} tokens)", "{rate}（{whole} 个词元中的 {part} 个）"),
    "diagnostics.replies": ("Replies", "回复"),
    "diagnostics.replies_text": (
        "Since the start; times are those of the last reply.",
        "自启动起；时间为最近一次回复。",
    ),
    "diagnostics.replies_count": ("Replies", "回复数"),
    "diagnostics.written": ("Written", "已写"),
    "diagnostics.first": ("First word after", "首词用时"),
    "diagnostics.speed": ("Speed", "速度"),
    "diagnostics.per_second": ("{count} tokens a second", "每秒 {count} 个词元"),
}
