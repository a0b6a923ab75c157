// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {NoncesKeyed} from "@openzeppelin/contracts/utils/NoncesKeyed.sol";
import {GateBooks} from "./gate/GateBooks.sol";
import {GateControl} from "./gate/GateControl.sol";
import {GateRedemptions} from "./gate/GateRedemptions.sol";
import {GateRequests} from "./gate/GateRequests.sol";
import {GateWeights} from "./gate/GateWeights.sol";
import {IERC7540DepositRequest, IERC7540Operator} from "./interfaces/IERC7540.sol";

/// @title The door of one index: deposits in and index tokens out, and the other way round
/// @notice An asynchronous vault in the shape of ERC-7540. A request waits in escrow until the keeper commits it: a
/// deposit to an allow-listed route, a redemption in place. A signed invoice settles it in one transaction. Every
/// request is priced by its own invoice, so there is no claim step and no price per share.
contract IndexGate is GateWeights, GateRedemptions, NoncesKeyed, IERC7540DepositRequest {
    using SafeCast for uint256;

    uint256 private constant BPS = 10_000;
    bytes32 private constant INVOICE_TYPEHASH = keccak256(
        "Invoice(uint256 requestId,uint256 spent,uint256 fee,uint256 back,uint256 out,bytes32 lotsRoot,uint256 deadline)"
    );
    bytes32 private constant TERMS_TYPEHASH = keccak256(
        "Terms(address owner,address controller,uint256 assets,uint256 minOut,uint256 maxFee,uint256 nonce,uint256 deadline)"
    );

    /// @notice No deposit may allow a fee above this part of its amount.
    uint16 public immutable maxFeeBps;

    constructor(GateConfig memory config)
        GateControl(config)
        GateWeights(config)
        GateRequests(config)
        GateBooks(config)
    {
        require(config.maxFeeBps < BPS, FeeLimitTooHigh(config.maxFeeBps, BPS - 1));
        maxFeeBps = config.maxFeeBps;
    }

    // ---- deposits -------------------------------------------------------------------------------------------------

    /// @notice ERC-7540 deposit request: no least output, the gate's own fee limit.
    function requestDeposit(uint256 assets, address controller, address owner) external returns (uint256) {
        return request(assets, controller, owner, 0, feeLimit(assets));
    }

    /// @notice A deposit request with price protection.
    /// @param minOut least index tokens if all of `assets` is used; pro rata for less.
    /// @param maxFee highest fee, in the asset.
    function request(uint256 assets, address controller, address owner, uint256 minOut, uint256 maxFee)
        public
        nonReentrant
        whenNotPaused
        returns (uint256)
    {
        _checkActsFor(owner);
        return _open(assets, controller, owner, minOut, maxFee);
    }

    /// @notice Carries a request that `terms.owner` signed (a key or an ERC-1271 contract).
    function requestBySig(Terms calldata terms, bytes calldata signature)
        external
        nonReentrant
        whenNotPaused
        returns (uint256)
    {
        require(block.timestamp <= terms.deadline, SignatureExpired(terms.deadline));
        _useCheckedNonce(terms.owner, terms.nonce);
        require(
            SignatureChecker.isValidSignatureNow(terms.owner, termsHash(terms), signature),
            InvalidSignature(terms.owner)
        );
        return _open(terms.assets, terms.controller, terms.owner, terms.minOut, terms.maxFee);
    }

    // ---- exits: never paused --------------------------------------------------------------------------------------

    /// @notice Takes a pending request back; the money or the tokens go to its controller at once.
    function cancel(uint256 requestId) external nonReentrant {
        Request storage r = _withdraw(requestId);
        if (r.kind == RequestKind.Redeem) {
            emit RedemptionCancelled(requestId, r.controller, r.amount);
            _returnShares(r.controller, r.amount);
            return;
        }
        escrowed -= r.amount;
        emit RequestCancelled(requestId, r.controller, r.amount);
        _push(r.controller, r.amount);
    }

    /// @notice Declares a committed request that was not settled in time as defaulted: the tokens of a redemption go
    /// back, a deposit is paid from the bond.
    function markDefault(uint256 requestId) external nonReentrant {
        Request storage r = _default(requestId);
        if (r.kind == RequestKind.Redeem) {
            emit RedemptionDefaulted(requestId, r.controller, r.amount);
            _returnShares(r.controller, r.amount);
            return;
        }
        r.owed = r.amount;
        committed -= r.amount;
        unpaid += r.amount;
        emit RequestDefaulted(requestId, r.controller, r.amount);
        _payDefault(requestId, r);
    }

    /// @notice Pays a defaulted request from a bond that was posted later.
    function payDefault(uint256 requestId) external nonReentrant {
        Request storage r = _requests[requestId];
        require(r.owed > 0, NothingOwed());
        _payDefault(requestId, r);
    }

    // ---- the issuer's side ----------------------------------------------------------------------------------------

    /// @notice Moves the money of pending deposits to an allow-listed route, within the outflow cap.
    function commit(uint256[] calldata ids, uint256 routeId) external nonReentrant whenNotPaused onlyRole(KEEPER_ROLE) {
        require(unpaid == 0, UnpaidDefaults(unpaid));
        address destination = _destination(routeId);
        uint256 total;
        for (uint256 i; i < ids.length; ++i) {
            (Request storage r, uint256 settleBy) = _commit(ids[i], RequestKind.Deposit);
            total += r.amount;
            emit RequestCommitted(ids[i], routeId, r.amount, settleBy);
        }
        require(total > 0, NothingToCommit());
        _consumeOutflow(total);
        escrowed -= total;
        committed += total;
        emit CollateralSent(routeId, destination, total);
        _send(destination, total);
    }

    /// @notice Settles a committed deposit by a signed invoice. Anyone carries it; the carrier brings `back`.
    function settle(Invoice calldata invoice, address signer, bytes calldata signature)
        external
        nonReentrant
        whenNotPaused
    {
        bytes32 digest = invoiceHash(invoice);
        Request storage r = _settle(
            invoice.requestId, RequestKind.Deposit, digest, invoice.deadline, signer, signature
        );
        _checkInvoice(invoice, r);

        committed -= r.amount;
        emit Settled(
            invoice.requestId,
            r.controller,
            invoice.spent,
            invoice.fee,
            invoice.back,
            invoice.out,
            invoice.lotsRoot,
            digest
        );
        if (invoice.out > 0) {
            _consumeMint(invoice.out);
            token.mint(r.controller, invoice.out);
        }
        if (invoice.back > 0) {
            _pull(msg.sender, invoice.back);
            _push(r.controller, invoice.back);
        }
    }

    /// @notice Takes bond out while nothing is committed and nothing is owed.
    function withdrawBond(uint256 assets, address to) external nonReentrant onlyRole(DEFAULT_ADMIN_ROLE) {
        _withdrawBond(assets, to);
    }

    // ---- views ----------------------------------------------------------------------------------------------------

    /// @notice The index token.
    function share() external view returns (address) {
        return address(token);
    }

    /// @notice Asset of a deposit that can still be cancelled.
    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        return _pendingOf(requestId, RequestKind.Deposit, controller);
    }

    /// @notice The highest fee a request for `assets` may allow.
    function feeLimit(uint256 assets) public view returns (uint256) {
        return Math.mulDiv(assets, maxFeeBps, BPS);
    }

    /// @notice The EIP-712 digest that an issuer signs.
    function invoiceHash(Invoice calldata invoice) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(INVOICE_TYPEHASH, invoice)));
    }

    /// @notice The EIP-712 digest that a depositor signs.
    function termsHash(Terms calldata terms) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(TERMS_TYPEHASH, terms)));
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7540Operator).interfaceId || super.supportsInterface(interfaceId);
    }

    // ---- private --------------------------------------------------------------------------------------------------

    function _open(uint256 assets, address controller, address owner, uint256 minOut, uint256 maxFee)
        private
        returns (uint256 requestId)
    {
        require(maxFee <= feeLimit(assets), FeeLimitTooHigh(maxFee, feeLimit(assets)));
        requestId = _file(RequestKind.Deposit, assets, controller, minOut, maxFee);
        escrowed += assets;
        emit DepositRequest(controller, owner, requestId, msg.sender, assets);
        emit RequestTerms(requestId, minOut, maxFee);
        _pull(owner, assets);
    }

    function _checkInvoice(Invoice calldata invoice, Request storage r) private view {
        uint256 used = invoice.spent + invoice.fee;
        require(used + invoice.back == r.amount, InvoiceDoesNotBalance(used + invoice.back, r.amount));
        require(invoice.fee <= r.maxFee, FeeAboveLimit(invoice.fee, r.maxFee));
        require((invoice.out == 0) == (used == 0), InvoiceMintsForNothing(used, invoice.out));
        require(invoice.out * r.amount >= r.minOut * used, PriceBelowLimit(invoice.out, r.minOut));
    }

    function _payDefault(uint256 requestId, Request storage r) private {
        uint256 paid = Math.min(bond, r.owed);
        if (paid == 0) return;
        bond -= paid;
        unpaid -= paid;
        r.owed -= paid.toUint128();
        emit DefaultPaid(requestId, r.controller, paid, r.owed);
        _push(r.controller, paid);
    }
}
