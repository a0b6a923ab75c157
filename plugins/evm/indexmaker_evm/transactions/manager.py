"""Sends commands as transactions of one key on one chain: journal first, then the network, then the chain's word."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from indexmaker.connectors.clock import Clock
from indexmaker_evm.errors import FeeLimitError, JournalMismatchError, NodeUnavailableError, RpcError
from indexmaker_evm.follower.tracker import HeadTracker
from indexmaker_evm.rpc import Call, RpcPool, number, to_hex
from indexmaker_evm.signer import Envelope, Signer
from indexmaker_evm.transactions.classification import Verdict, judge
from indexmaker_evm.transactions.commands import PreparedCall
from indexmaker_evm.transactions.fees import Fees, gas_limit, raised
from indexmaker_evm.transactions.gas import DryRun, GasStation
from indexmaker_evm.transactions.journal import TransactionJournal
from indexmaker_evm.transactions.lookout import Lookout
from indexmaker_evm.transactions.model import Attempt, Transaction, TxState
from indexmaker_evm.transactions.progress import Sighting, progress

__all__ = ["TransactionManager"]

log = structlog.get_logger(__name__)


class TransactionManager:
    """The only user of its key on its chain."""

    def __init__(
        self,
        rpc: RpcPool,
        journal: TransactionJournal,
        signer: Signer,
        tracker: HeadTracker,
        gas: GasStation,
        *,
        confirmations: int,
        resend_after_ns: int,
        bump_after_ns: int,
        clock: Clock,
    ) -> None:
        self._rpc = rpc
        self._journal = journal
        self._signer = signer
        self._tracker = tracker
        self._gas = gas
        self._chain_id = tracker.chain_id
        self._confirmations = confirmations
        self._resend_after = resend_after_ns
        self._bump_after = bump_after_ns
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._next_nonce: int | None = None
        self._offered_at: dict[str, int] = {}
        self._underpriced: set[str] = set()
        self._lookout = Lookout(rpc, tracker, sender=signer.address)
        self._chain_checked = False

    @property
    def sender(self) -> str:
        """Address of the key."""
        return self._signer.address

    async def submit(self, command_id: str, call: PreparedCall, *, digest: bytes) -> Transaction:
        """Send a call under a command id that is new to the journal; one that is known answers with its state.

        What would revert now is journaled as REVERTED, and takes no nonce.

        Raises:
            NodeUnavailableError, InsufficientFundsError, FeeLimitError: nothing was journaled; try again.
            JournalMismatchError: the journal is of another chain.
        """
        async with self._one_at_a_time:
            if known := self._journal.get(command_id):
                return known
            await self._check_chain()
            run = await self._gas.dry_run(call, sender=self.sender)
            if run.revert:
                return self._refuse(command_id, call, digest=digest, reason=run.revert)
            self._gas.check_limit(run.fees)
            self._gas.check_funds(run, gas=gas_limit(run.gas), sender=self.sender)
            nonce = await self._nonce()
            transaction = self._journaled(command_id, call, digest=digest, run=run, nonce=nonce)
            self._next_nonce = nonce + 1
        await self._offer(transaction)
        self._tracker.nudge()
        return self._journal.get(command_id) or transaction

    async def run(self) -> None:
        """Keep the journal and the chain in step until cancelled."""
        while True:
            seen = self._tracker.moved.count
            if self._tracker.started:
                try:
                    await self.reconcile()
                except NodeUnavailableError as error:
                    log.warning("reconcile_waits", chain_id=self._chain_id, reason=error.message)
            try:
                async with asyncio.timeout(self._resend_after / 1e9):
                    await self._tracker.moved.after(seen)
            except TimeoutError:
                continue

    async def reconcile(self) -> None:
        """Look at all open transactions once: note what the chain says, offer again what is missing, raise fees."""
        await self._check_chain()
        pending: list[Transaction] = []
        for transaction, sighting in await self._lookout.look(self._journal.open(self._chain_id)):
            current = await self._note(transaction, sighting)
            if current.open and not current.in_block:
                pending.append(current)
        for index, transaction in enumerate(pending):
            if index == 0 and self._is_stuck(transaction):
                transaction = await self._raise_fee(transaction)
            await self._offer_if_due(transaction)

    # ---- making a transaction -------------------------------------------------------------------------------------

    def _refuse(self, command_id: str, call: PreparedCall, *, digest: bytes, reason: str) -> Transaction:
        transaction = Transaction(
            command_id=command_id,
            chain_id=self._chain_id,
            digest=digest,
            sender=self.sender,
            to=call.to,
            data=call.data,
            state=TxState.REVERTED,
            error=reason,
            open=False,
        )
        self._journal.add(transaction)
        log.warning("command_would_revert", chain_id=self._chain_id, command_id=command_id, reason=reason)
        return transaction

    def _journaled(self, command_id: str, call: PreparedCall, *, digest: bytes, run: DryRun, nonce: int) -> Transaction:
        transaction = Transaction(
            command_id=command_id,
            chain_id=self._chain_id,
            digest=digest,
            sender=self.sender,
            to=call.to,
            data=call.data,
            state=TxState.JOURNALED,
            gas=gas_limit(run.gas),
            nonce=nonce,
        )
        transaction = self._signed(transaction, run.fees)
        self._journal.add(transaction)
        return transaction

    def _signed(self, transaction: Transaction, fees: Fees) -> Transaction:
        assert transaction.nonce is not None
        envelope = Envelope(
            chain_id=transaction.chain_id,
            nonce=transaction.nonce,
            to=transaction.to,
            data=transaction.data,
            gas=transaction.gas,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
        )
        signed = self._signer.sign(envelope)
        attempt = Attempt(
            tx_hash=signed.tx_hash,
            raw=signed.raw,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
            at=self._clock.now(),
        )
        return msgspec.structs.replace(transaction, attempts=(*transaction.attempts, attempt))

    async def _nonce(self) -> int:
        """The journal knows best; the nodes are asked once, for what an older or lost journal does not know."""
        if self._next_nonce is None:
            try:
                pending = number(await self._rpc.call(Call("eth_getTransactionCount", [self.sender, "pending"])))
            except RpcError as error:
                raise NodeUnavailableError(f"chain {self._chain_id}: {error}") from None
            journaled = self._journal.next_nonce(self._chain_id, sender=self.sender)
            self._next_nonce = max(pending, journaled)
        return self._next_nonce

    async def _check_chain(self) -> None:
        """A journal of another chain (a network that was set up anew) must not be mistaken for this one's."""
        if self._chain_checked:
            return
        try:
            block = await self._rpc.call(Call("eth_getBlockByNumber", ["0x0", False]))
        except RpcError as error:
            raise NodeUnavailableError(f"chain {self._chain_id}: {error}") from None
        if block is None:
            raise NodeUnavailableError(f"chain {self._chain_id}: a node does not have the first block")
        genesis = block["hash"].lower()
        stored = self._journal.genesis(self._chain_id, current=genesis)
        if stored != genesis:
            raise JournalMismatchError(self._chain_id, journal=stored, chain=genesis)
        self._chain_checked = True

    # ---- sending --------------------------------------------------------------------------------------------------

    async def _offer_if_due(self, transaction: Transaction) -> None:
        offered_at = self._offered_at.get(transaction.command_id)
        if offered_at is None or self._clock.now() - offered_at >= self._resend_after:
            await self._offer(transaction)

    async def _offer(self, transaction: Transaction) -> None:
        """Give the newest bytes to every node; their answers change nothing but "sent" and the reason why not."""
        self._offered_at[transaction.command_id] = self._clock.now()
        try:
            outcomes = await self._rpc.broadcast(Call("eth_sendRawTransaction", [to_hex(transaction.attempts[-1].raw)]))
        except NodeUnavailableError as error:
            log.warning(
                "broadcast_failed", chain_id=self._chain_id, command_id=transaction.command_id, reason=str(error)
            )
            return
        verdict, text = judge(outcomes)
        log.info(
            "transaction_offered",
            chain_id=self._chain_id,
            command_id=transaction.command_id,
            nonce=transaction.nonce,
            tx_hash=transaction.attempts[-1].tx_hash,
            verdict=verdict.name,
        )
        if verdict is Verdict.UNDERPRICED:
            self._underpriced.add(transaction.command_id)
        current = self._journal.get(transaction.command_id)
        assert current is not None
        if current.in_block or not current.open or verdict is Verdict.NONCE_USED:
            return
        state = TxState.BROADCAST if verdict is Verdict.ACCEPTED else current.state
        changed = msgspec.structs.replace(current, state=state, error=text)
        if changed != current:
            self._journal.update(changed)

    def _is_stuck(self, transaction: Transaction) -> bool:
        age = self._clock.now() - transaction.attempts[-1].at
        return age >= self._bump_after or transaction.command_id in self._underpriced

    async def _raise_fee(self, transaction: Transaction) -> Transaction:
        """A new attempt under the same nonce; the old one stays valid, so whichever is mined is the transaction."""
        last = transaction.attempts[-1]
        fees = raised(Fees(last.max_fee, last.priority_fee), market=await self._gas.market())
        current = self._journal.get(transaction.command_id)
        if current is not None and current != transaction:
            return current
        try:
            self._gas.check_limit(fees)
        except FeeLimitError as error:
            log.error("fee_limit", chain_id=self._chain_id, command_id=transaction.command_id, reason=str(error))
            return transaction
        bumped = self._signed(transaction, fees)
        self._journal.update(bumped)
        self._underpriced.discard(transaction.command_id)
        self._offered_at.pop(transaction.command_id, None)
        log.warning(
            "fee_raised",
            chain_id=self._chain_id,
            command_id=transaction.command_id,
            nonce=transaction.nonce,
            max_fee=fees.max_fee,
        )
        return bumped

    # ---- listening ------------------------------------------------------------------------------------------------

    async def _note(self, transaction: Transaction, sighting: Sighting) -> Transaction:
        """Journal what has become of a transaction, if anything has."""
        current = progress(
            transaction,
            sighting,
            levels=self._tracker.levels,
            confirmations=self._confirmations,
            window=self._tracker.window,
        )
        if current.state is TxState.REVERTED and not current.error:
            call = PreparedCall(to=current.to, data=current.data)
            reason = await self._gas.revert_reason(call, sender=self.sender, block_number=current.block_number)
            current = msgspec.structs.replace(current, error=reason)
        latest = self._journal.get(transaction.command_id)
        if current == transaction or latest != transaction:  # an offer in between has changed it: look again
            return latest or current
        if transaction.in_block and not current.in_block:
            self._offered_at.pop(transaction.command_id, None)
        self._journal.update(current)
        log.info(
            "transaction_state",
            chain_id=self._chain_id,
            command_id=current.command_id,
            state=current.state.name,
            block_number=current.block_number,
            error=current.error,
        )
        return current
