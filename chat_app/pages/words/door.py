"""Words of the sign-in and sign-out pages: key → (English, Chinese)."""

from __future__ import annotations

DOOR: dict[str, tuple[str, str]] = {
    "door.title": ("Sign in", "登录"),
    "door.intro": (
        "This Mneme keeps someone’s memory. Its password opens it.",
        "这里保存着一个人的记忆，请输入密码打开。",
    ),
    "door.password": ("Password", "密码"),
    "door.enter": ("Sign in", "登录"),
    "door.wrong": ("That is not the password.", "密码不正确。"),
    "door.wait": (
        "Too many wrong passwords. Try again in {seconds} seconds.",
        "密码错误次数过多，请在 {seconds} 秒后重试。",
    ),
    "door.out_title": ("Sign out", "退出登录"),
    "door.out_intro": (
        "Here, or in every browser that is signed in. What is being written goes on.",
        "可以只退出此浏览器，也可以退出所有已登录的浏览器。正在生成的回复会继续。",
    ),
    "door.out_here": ("Sign out here", "退出此浏览器"),
    "door.out_everywhere": ("Sign out everywhere", "退出所有浏览器"),
    "door.over_title": ("You are signed out", "已退出登录"),
    "door.over": (
        "The sign-in has expired or was ended elsewhere. What you are writing is not sent; copy it before you sign in.",
        "登录已过期，或已在别处退出。你正在写的内容没有发送，请先复制再登录。",
    ),
    "door.back": ("Back to the chat", "返回对话"),
}
