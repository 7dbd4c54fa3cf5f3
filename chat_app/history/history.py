"""Dialogues on disk: conversations, each a tree of messages of which one branch is active.

Every method takes the owner first; what belongs to another owner is not there (NotFound). Each change that memory has
to follow is committed together with a mark (marks.py). All methods raise StoreError when the database fails.
Does not know: memory, decoder, page.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import EllipsisType
from typing import Any

from sqlalchemy import Engine, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from chat_app.history.feedback import KeptFeedback, keep_edit, keep_liking
from chat_app.history.marks import MemoryMarks
from chat_app.history.reads import KeptReads
from chat_app.history.records import (
    Conditioned,
    Conversation,
    Found,
    Message,
    PastRead,
    SentFile,
    excerpt_around,
    reads_to_json,
    step_hash,
)
from chat_app.history.rows import (
    LIVE,
    SHOWN,
    change_conversation,
    children,
    conversation_row,
    conversations_of,
    message_row,
    newest_first,
    set_title,
    to_conversation,
    to_message,
    touch,
    with_words,
)
from chat_app.history.tables import conversations, messages, transaction
from chat_app.history.tree import load_tree, mark_state, move_leaf, set_chosen, set_leaf, tree_of
from chat_app.history.whole import WholeConversations
from chat_app.history.wordings import add_wording, is_correction, make_stand, standing
from knowledge.errors import BadInput, NotFound, StoreError
from knowledge.records import FinishReason, ReadResult, Role

# The last turns of a dialogue, for the decoder. They begin at a multiple of the step, so that the beginning of the
# prompt, and with it the decoder's cache, stays the same for many turns.
_TAIL = 256
_TAIL_STEP = 64


class History:
    """The history of all owners in one database. Safe to use from several threads."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self.marks = MemoryMarks(engine)
        self.whole = WholeConversations(engine, clock=clock)
        self.kept_reads = KeptReads(engine)
        self.kept_feedback = KeptFeedback(engine, clock=clock)

    # ---- conversations -------------------------------------------------------------------------------

    def create(self, owner: str, *, name: str = "") -> Conversation:
        """A new, empty conversation; with a ``name`` that the owner has used already, that one.

        An empty conversation is not listed.
        """
        now = self._clock()
        values = {
            "id": str(uuid.uuid4()),
            "owner": owner,
            "name": name or None,
            "title": "",
            "renamed": False,
            "created": now,
            "updated": now,
            "leaf": None,
            "deleted": False,
        }
        try:
            with transaction(self._engine) as connection:
                connection.execute(insert(conversations).values(values))
        except StoreError as error:
            known = self.named(owner, name) if isinstance(error.__cause__, IntegrityError) else None
            if known is None:
                raise
            return known
        return self.conversation(owner, str(values["id"]))

    def conversation(self, owner: str, id: str) -> Conversation:
        """One conversation. Raises NotFound."""
        with transaction(self._engine) as connection:
            return to_conversation(conversation_row(connection, owner, id))

    def named(self, owner: str, name: str) -> Conversation | None:
        """The conversation that an HTTP client calls ``name``."""
        query = conversations_of(owner).where(conversations.c.name == name)
        with transaction(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else to_conversation(row)

    def conversations(self, owner: str, *, limit: int = 50, offset: int = 0) -> list[Conversation]:
        """Conversations that have messages, the one changed last first."""
        query = newest_first(conversations_of(owner).where(conversations.c.leaf.is_not(None)))
        with transaction(self._engine) as connection:
            return [to_conversation(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def search(self, owner: str, text: str, *, limit: int = 50) -> list[Found]:
        """Conversations with all words of ``text`` in the title or in one message of the active branch."""
        words = text.split()
        if not words:
            return []
        with transaction(self._engine) as connection:
            rows = connection.execute(with_words(owner, words).limit(limit)).all()
        return [
            Found(to_conversation(row), row.hit or "", excerpt_around(row.hit_text, words[0]) if row.hit else "")
            for row in rows
        ]

    def rename(self, owner: str, id: str, title: str) -> Conversation:
        """Set the title: one line of at most 200 characters. Raises NotFound, BadInput when it is empty."""
        title = " ".join(title.split())[:200]
        if not title:
            raise BadInput("A conversation needs a title.")
        with transaction(self._engine) as connection:
            conversation_row(connection, owner, id)
            change = update(conversations).where(conversations.c.id == id).values(title=title, renamed=True)
            connection.execute(change)
        return self.conversation(owner, id)

    def pin(self, owner: str, id: str, on: bool) -> None:
        """Have a conversation stand first in the list, or no longer. Raises NotFound."""
        with transaction(self._engine) as connection:
            change_conversation(connection, owner, id, pinned=on)

    def pause(self, owner: str, id: str, on: bool) -> None:
        """Keep what is said in a conversation from now on off the record, or no longer. Raises NotFound."""
        with transaction(self._engine) as connection:
            change_conversation(connection, owner, id, paused=on)

    def delete(self, owner: str, id: str) -> None:
        """Hide a conversation and empty its texts at once; its turns are marked to leave memory. Raises NotFound."""
        with transaction(self._engine) as connection:
            change_conversation(connection, owner, id, deleted=True, title="", name=None, leaf=None)
            ids = list(connection.scalars(select(messages.c.id).where(messages.c.conversation == id)))
            mark_state(connection, ids, "deleted")
            if not ids:
                connection.execute(conversations.delete().where(conversations.c.id == id))

    # ---- messages ------------------------------------------------------------------------------------

    def add(
        self,
        owner: str,
        conversation: str,
        role: Role,
        text: str,
        *,
        parent: str | EllipsisType | None = ...,
        finish_reason: FinishReason | str = "",
        read: ReadResult | None = None,
        how: Conditioned | None = None,
        path_before: str = "",
        to_memory: bool = True,
        off_record: bool = False,
        files: Sequence[SentFile] = (),
    ) -> Message:
        """Commit a message and make its branch the active one. It is marked for memory, unless it is none
        (``to_memory``) or off the record: because it is to be (``off_record``), or because memory is paused.

        ``parent`` is the message it follows (None: it is a first message); by default the end of the active branch.
        ``files`` came with the message. ``path_before`` is the hash of messages that a client holds before the first
        one; ``read`` and ``how`` say what a reply read and how. Raises NotFound.
        """
        id = str(uuid.uuid4())
        with transaction(self._engine) as connection:
            row = change_conversation(connection, owner, conversation)
            now = touch(connection, owner, conversation, self._clock())
            before = row.leaf if parent is ... else parent
            above = None if before is None else message_row(connection, owner, before, conversation)
            before = None if above is None else standing(connection, above)
            siblings = children(connection, conversation, before)
            off_record = off_record or row.paused
            to_memory = to_memory and not off_record
            values: dict[str, Any] = {
                "id": id,
                "conversation": conversation,
                "owner": owner,
                "parent": before,
                "chosen": None,
                "role": role,
                "text": text,
                "created": now,
                "position": 0 if above is None else above.position + 1,
                "branch": id if above is None or siblings else above.branch,
                "finish_reason": finish_reason,
                "feedback": None,
                "reads": None if read is None else reads_to_json(read, text, how),
                "null_weight": None if read is None else read.null_weight,
                "path_hash": step_hash(path_before if above is None else above.path_hash, role, text),
                "memory_pending": to_memory,
                "memory_state": "in",
                "memory_taken": not to_memory,
                "off_record": off_record,
                "files": [asdict(one) for one in files] or None,
            }
            connection.execute(insert(messages).values(values))
            if before == row.leaf:
                set_chosen(connection, before, id)
                set_leaf(connection, conversation, id)
            else:
                tree = load_tree(connection, conversation)
                move_leaf(connection, conversation, tree.path(row.leaf), tree, id)
            if above is None and not row.renamed:
                set_title(connection, conversation, text)
        return self.message(owner, id)

    def message(self, owner: str, id: str) -> Message:
        """One message with its siblings. Raises NotFound."""
        with transaction(self._engine) as connection:
            row = message_row(connection, owner, id)
            return to_message(row, tuple(children(connection, row.conversation, row.parent)))

    def replies(self, owner: str, id: str) -> list[str]:
        """Ids of the messages that directly follow one, oldest first. Raises NotFound."""
        with transaction(self._engine) as connection:
            return children(connection, message_row(connection, owner, id).conversation, id)

    def path(self, owner: str, conversation: str, leaf: str | None = None) -> list[Message]:
        """The messages from the first one to the end of the active branch, or to ``leaf``. Raises NotFound."""
        with transaction(self._engine) as connection:
            row = conversation_row(connection, owner, conversation)
            query = select(*SHOWN).where(messages.c.conversation == conversation, LIVE)
            rows = {row.id: row for row in connection.execute(query.order_by(messages.c.seq))}
        end = leaf or row.leaf
        if end is not None and end not in rows:
            raise NotFound("This message is no longer there.")
        tree = tree_of(rows.values())
        places = ((rows[id], [rows[one] for one in tree.children[tree.parent[id]]]) for id in tree.path(end))
        return [to_message(row, tuple(one.id for one in same), is_correction(row, same)) for row, same in places]

    def tail(self, owner: str, id: str) -> list[Message]:
        """The last messages of the path that ends with ``id``, at least 256 where there are as many.

        Costs the same however long the dialogue is. Siblings are left out. Raises NotFound.
        """
        with transaction(self._engine) as connection:
            last = message_row(connection, owner, id)
            first = max(0, (last.position + 1 - _TAIL) // _TAIL_STEP * _TAIL_STEP)
            up = (
                select(messages.c.id, messages.c.parent, messages.c.position)
                .where(messages.c.id == id)
                .cte("up", recursive=True)
            )
            above = select(messages.c.id, messages.c.parent, messages.c.position).join(up, messages.c.id == up.c.parent)
            up = up.union_all(above.where(messages.c.position >= first))
            query = select(*SHOWN).join(up, messages.c.id == up.c.id).order_by(messages.c.position)
            return [to_message(row, ()) for row in connection.execute(query)]

    def reads(self, owner: str, message: str) -> tuple[PastRead, ...]:
        """What a reply read, in order of weight: numbers and places, no text. Raises NotFound."""
        return self.kept_reads.of(owner, message)

    def feedback(self, owner: str, message: str, value: int | None) -> None:
        """Keep +1 (liked), −1 (disliked) or None for a message. Raises NotFound, BadInput."""
        if value not in (1, -1, None):
            raise BadInput("Feedback is +1, -1 or nothing.")
        with transaction(self._engine) as connection:
            message_row(connection, owner, message)
            connection.execute(update(messages).where(messages.c.id == message).values(feedback=value))
            keep_liking(connection, owner, message, value, self._clock())

    def revise(self, owner: str, message: str, text: str) -> Message:
        """A reply as a person would have it: another wording of it, with its reads, and with all that came after it.

        The edit is kept as feedback. Raises NotFound, BadInput for a message that is no reply.
        """
        old = self.message(owner, message)
        if old.role != "assistant" or old.parent is None:
            raise BadInput("Only a reply can be corrected like this.")
        if old.text.strip() == text.strip():
            return old
        with transaction(self._engine) as connection:
            row = change_conversation(connection, owner, old.conversation)
            now = touch(connection, owner, old.conversation, self._clock())
            reply = message_row(connection, owner, message, old.conversation)
            above = message_row(connection, owner, old.parent)
            hash = step_hash(above.path_hash, reply.role, text)
            new = add_wording(connection, reply, text, now=now, hash=hash, paused=row.paused)
            make_stand(connection, old.conversation, row.leaf, new)
            keep_edit(connection, owner, message, new.id, now)
        return self.message(owner, new.id)

    def switch_branch(self, owner: str, message: str) -> Conversation:
        """Make the branch through ``message`` the active one, down to where it was left. Raises NotFound."""
        conversation = self.message(owner, message).conversation
        with transaction(self._engine) as connection:
            row = change_conversation(connection, owner, conversation)
            touch(connection, owner, conversation, self._clock())
            chosen = message_row(connection, owner, message, conversation)
            new = make_stand(connection, conversation, row.leaf, chosen)
            if not row.renamed:
                first = load_tree(connection, conversation).path(new)[0]
                set_title(connection, conversation, message_row(connection, owner, first).text)
        return self.conversation(owner, conversation)

    def leaving(self, owner: str, message: str, instead: str | None = None) -> int:
        """How many messages behind ``message`` leave memory when another branch takes its place: an edit, another
        reply, or its sibling ``instead``.

        0 at the end of a dialogue, where an edited message takes only its own reply along; for another wording of the
        same reply; and for a message that is not on the active branch. Raises NotFound.
        """
        path = self.path(owner, self.message(owner, message).conversation)
        place = next((at for at, one in enumerate(path) if one.id == message), len(path))
        behind = path[place + 1 :]
        if not behind or (path[place].role == "user" and len(behind) == 1):
            return 0
        same = instead is not None and self.message(owner, instead).branch == path[place].branch
        return 0 if same else len(behind)

    def undo(self, owner: str, conversation: str) -> str:
        """Remove the last exchange, other versions of its reply included; returns the text of the user's message.

        Without anything left before it, the next other beginning of the conversation becomes active.
        Raises NotFound, BadInput when there is nothing to undo.
        """
        with transaction(self._engine) as connection:
            row = change_conversation(connection, owner, conversation)
            touch(connection, owner, conversation, self._clock())
            tree = load_tree(connection, conversation)
            last = None if row.leaf is None else message_row(connection, owner, row.leaf, conversation)
            while last is not None and last.role != "user":
                last = None if last.parent is None else message_row(connection, owner, last.parent, conversation)
            if last is None:
                raise BadInput("There is nothing to undo in this conversation.")
            others = [id for id in tree.children[last.parent] if id != last.id]
            leaf = tree.leaf_below(others[-1]) if last.parent is None and others else last.parent
            move_leaf(connection, conversation, tree.path(row.leaf), tree, leaf)
            mark_state(connection, tree.subtree(last.id), "deleted")
            if last.parent is None and not row.renamed:
                first = None if leaf is None else message_row(connection, owner, tree.path(leaf)[0])
                set_title(connection, conversation, "" if first is None else first.text)
            return str(last.text)

    def find_path(self, owner: str, path_hash: str) -> list[Message]:
        """Messages at the end of a path with this hash, those that end an active branch first, then the newest."""
        at_leaf = messages.c.id == conversations.c.leaf
        query = (
            select(*SHOWN)
            .join(conversations, conversations.c.id == messages.c.conversation)
            .where(messages.c.owner == owner, messages.c.path_hash == path_hash, LIVE)
            .order_by(func.coalesce(at_leaf, literal(False)).desc(), messages.c.seq.desc())
            .limit(20)
        )
        with transaction(self._engine) as connection:
            return [to_message(row, ()) for row in connection.execute(query)]
