"""Starts Mneme: options → knowledge → conversation → pages; launch.

Or, by a first word: ``password`` sets its password, ``backup FILE`` and ``restore FILE`` move its data folder.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

import uvicorn
from tqdm import tqdm

from chat_app import request_log
from chat_app.application import Application
from chat_app.door.set_password import set_password
from chat_app.moving import backup
from chat_app.settings import Settings, load
from knowledge.errors import MnemeError

COMMANDS = ("password", "backup", "restore")
_PLAIN = " Not encrypted: put a proxy with TLS before it and give --public-url https://…"


def _listen(settings: Settings) -> socket.socket:
    """Bind the port before anything slow is done. Ends the program with one line when it is taken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()  # now: two starts can bind the same port, but only one of them can listen on it
    except OSError as exc:
        listener.close()
        sys.stderr.write(
            f"mneme: --host {settings.host} --port {settings.port}: {exc.strerror}; "
            "choose another address or port, for example --port 7861\n"
        )
        raise SystemExit(2) from exc
    return listener


def _show_progress(application: Application) -> None:
    """A bar in the terminal until the models are loaded."""
    with tqdm(total=100, desc="getting ready", bar_format="{desc}: {percentage:3.0f}% |{bar:30}| {elapsed}") as bar:
        status = application.status()
        while not status.ready and not status.error:
            bar.set_description_str(f"getting ready ({status.phase})", refresh=False)
            bar.update(status.fraction * 100 - bar.n)
            status = application.wait_until_ready(0.2)
        if status.ready:
            bar.update(100 - bar.n)
    print(f"mneme: {status.error or 'ready'}", file=sys.stderr, flush=True)


def _protection(application: Application, names: str) -> str:
    """What is protected, and how, in one line."""
    key = "keys" if application.door.has_key else "keys, of which there is none yet (Models page, or MNEME_API_KEY)"
    plain = "" if application.settings.loopback or application.settings.public_url.startswith("https:") else _PLAIN
    return f"Protected: the page, its files and its queue by a password, /v1 by {key}. Answers to {names}.{plain}"


def _carry_out(command: str, arguments: list[str]) -> None:
    if command == "password":
        set_password(load(arguments).data)
    else:
        backup.run(command, arguments)


def main() -> None:
    """Run until interrupted."""
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        try:
            _carry_out(sys.argv[1], sys.argv[2:])
        except MnemeError as error:
            sys.stderr.write(f"mneme: {error}\n")
            raise SystemExit(1) from error
        return
    settings = load()
    request_log.set_up()
    # Nothing is reported to anybody, and no model library looks for a hub behind our back.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    listener = _listen(settings)
    try:
        application = Application(settings)
    except MnemeError as error:
        sys.stderr.write(f"mneme: {error}\n")
        raise SystemExit(1) from error
    # A service manager's stop ends us as Ctrl+C does: files are closed, and what was deleted is taken out of them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    application.start()
    try:
        # Gradio takes seconds to import: the models load meanwhile.
        from chat_app.pages.server import addresses, create_server

        config = uvicorn.Config(
            create_server(application),
            log_level="warning",
            log_config=None,  # its lines go with the others
            timeout_graceful_shutdown=3,
            forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1"),  # a proxy on this computer
        )
        server = uvicorn.Server(config)
        host, port = listener.getsockname()[:2]
        print(f"Mneme is on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        if application.door.guarded:
            print(_protection(application, addresses(settings).told()), flush=True)
        threading.Thread(target=_show_progress, args=(application,), daemon=True).start()
        server.run(sockets=[listener])
    finally:
        application.close()


if __name__ == "__main__":
    main()
