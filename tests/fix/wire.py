"""Two session machines with a wire between them that can break, and disks that survive."""

from __future__ import annotations

from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.effects import Close, Deliver, LoggedOn, Replay, Restart, Send
from indexmaker_fix.message import decode, encode
from indexmaker_fix.replay import replayed
from indexmaker_fix.session import Session

SECOND = 1_000_000_000


class Side:
    """A machine with what a process around it keeps: numbers, kept messages, and what the application got."""

    def __init__(self, sender, target, *, role):
        self.names = (sender, target)
        self.role = role
        self.kept = {}
        self.got = []
        self.said = 0
        self.wire = []
        self.machine = self._machine(1, 1)

    def _machine(self, next_in, next_out):
        return Session(sender=self.names[0], target=self.names[1], next_in=next_in, next_out=next_out)

    def crash(self):
        """Only what is on disk is left."""
        self.machine = self._machine(self.machine.next_in, self.machine.next_out)
        self.wire.clear()

    def perform(self, effects, now):
        closed = False
        for effect in effects:
            match effect:
                case Send(message, stored):
                    if stored:
                        self.kept[message.number] = message
                    self.wire.append(encode(message))
                case Deliver(message):
                    self.got.append(message.body["Text"])
                case Replay(begin, end):
                    last = self.machine.next_out - 1
                    end = min(end or last, last)
                    kept = [self.kept[n] for n in sorted(self.kept) if begin <= n <= end]
                    self.wire += [encode(m) for m in replayed(kept, begin=begin, end=end, like=self.names, now=now)]
                case Restart():
                    self.kept.clear()
                case Close():
                    closed = True
                case LoggedOn():
                    pass
        return closed

    def say(self, now):
        self.said += 1
        text = str(self.said)
        send = self.machine.send("B", {"Headline": "-", "Text": text}, now=now)
        self.kept[send.message.number] = send.message
        return send


class Link:
    """A client, a gateway, and the connection between them."""

    def __init__(self):
        self.now = 1_790_000_000 * SECOND
        self.client = Side("CLIENT", "GATE", role="client")
        self.gate = Side("GATE", "CLIENT", role="gateway")
        self.up = False
        self.logged_on = False
        self.refusals = []

    def connect(self):
        if self.up:
            return
        self.up = True
        self.client.perform(self.client.machine.start(now=self.now, heartbeat=10), self.now)

    def cut(self):
        self.up = False
        for side in (self.client, self.gate):
            side.wire.clear()
            side.machine.disconnected()
        self.logged_on = False

    def crash(self, side):
        """The connection goes with the process."""
        self.cut()
        side.crash()

    def say(self, side):
        """An application speaks, connected or not; the wire takes it while the session is open."""
        send = side.say(self.now)
        if self.up and (side is self.client or self.logged_on):
            side.wire.append(encode(send.message))

    def carry(self, side, *, lose=False):
        """Bring one message of a side over."""
        if not (self.up and side.wire):
            return
        text = side.wire.pop(0)
        if lose:
            return
        other = self.gate if side is self.client else self.client
        message, fault = DICTIONARY.check(decode(text), sender="gateway")
        if other is self.gate and not self.logged_on:
            if message.msg_type != "A":
                self.cut()
                return
            self.logged_on = True
            effects = other.machine.accept(message, now=self.now)
        else:
            effects = other.machine.receive(message, now=self.now, fault=fault)
        if other.perform(effects, self.now):
            reasons = [effect.reason for effect in effects if isinstance(effect, Close)]
            self.refusals += reasons
            self.cut()

    def pass_time(self, seconds):
        self.now += seconds * SECOND
        for side in (self.client, self.gate):
            if self.up and side.perform(side.machine.tick(now=self.now), self.now):
                self.cut()

    def settle(self):
        """Let everything arrive on a wire that holds."""
        for _ in range(200):
            self.connect()
            while self.up and (self.client.wire or self.gate.wire):
                self.carry(self.client)
                self.carry(self.gate)
            if self.up and len(self.gate.got) == self.client.said and len(self.client.got) == self.gate.said:
                return
            self.pass_time(11)
        raise AssertionError("the sides do not come to rest")
