// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {NoncesKeyed} from "@openzeppelin/contracts/utils/NoncesKeyed.sol";
import {IndexToken} from "./IndexToken.sol";
import {GateBooks} from "./gate/GateBooks.sol";
import {GateControl} from "./gate/GateControl.sol";
import {IERC7540DepositRequest, IERC7540Operator} from "./interfaces/IERC7540.sol";

/// @title The door of one index: deposits in, index tokens out
/// @notice An asynchronous vault in the shape of ERC-7540. A request waits in escrow until the keeper commits it to an
/// allow-listed route; a signed invoice settles it: tokens and change go to the controller in one transaction.
/// Every request is priced by its own invoice, so there is no claim step and no price per share.
contract IndexGate is GateControl, GateBooks, EIP712, NoncesKeyed, IERC7540Operator, IERC7540DepositRequest {
    using SafeCast for uint256;

    uint256 private constant BPS = 10_000;
    bytes32 private constant INVOICE_TYPEHASH = keccak256(
        "Invoice(uint256 requestId,uint256 spent,uint256 fee,uint256 back,uint256 out,bytes32 lotsRoot,uint256 deadline)"
    );
    bytes32 private constant TERMS_TYPEHASH = keccak256(
        "Terms(address owner,address controller,uint256 assets,uint256 minOut,uint256 maxFee,uint256 nonce,uint256 deadline)"
    );

    IndexToken public immutable token;
    /// @notice Seconds from commitment after which anyone may declare a default.
    uint48 public immutable settleWindow;
    /// @notice No request may allow a fee above this part of its amount.
    uint16 public immutable maxFeeBps;

    /// @notice Ids count from 1; this is the last one given.
    uint256 public lastRequestId;
    mapping(uint256 requestId => Request) private _requests;
    /// @notice The EIP-712 digest of the invoice that settled a request.
    mapping(uint256 requestId => bytes32) public invoiceOf;
    mapping(address controller => mapping(address operator => bool)) public isOperator;

    constructor(GateConfig memory config) GateControl(config) GateBooks(config.asset) EIP712("IndexGate", "1") {
        require(config.maxFeeBps < BPS, FeeLimitTooHigh(config.maxFeeBps, BPS - 1));
        token = new IndexToken(config.name, config.symbol);
        settleWindow = config.settleWindow;
        maxFeeBps = config.maxFeeBps;
    }

    // ---- requests -------------------------------------------------------------------------------------------------

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
        require(owner == msg.sender || isOperator[owner][msg.sender], NotOwnerOrOperator(msg.sender, owner));
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

    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    // ---- exits: never paused --------------------------------------------------------------------------------------

    /// @notice Takes a pending request back; the money goes to its controller at once.
    function cancel(uint256 requestId) external nonReentrant {
        Request storage r = _requests[requestId];
        require(r.state == RequestState.Pending, WrongState(requestId, r.state));
        require(
            r.controller == msg.sender || isOperator[r.controller][msg.sender],
            NotOwnerOrOperator(msg.sender, r.controller)
        );
        r.state = RequestState.Cancelled;
        escrowed -= r.amount;
        emit RequestCancelled(requestId, r.controller, r.amount);
        _push(r.controller, r.amount);
    }

    /// @notice Declares a committed request that was not settled in time as defaulted, and pays it from the bond.
    function markDefault(uint256 requestId) external nonReentrant {
        Request storage r = _requests[requestId];
        require(r.state == RequestState.Committed, WrongState(requestId, r.state));
        uint256 settleBy = uint256(r.committedAt) + settleWindow;
        require(block.timestamp > settleBy, NotDefaultedYet(requestId, settleBy));
        r.state = RequestState.Defaulted;
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

    /// @notice Moves the money of pending requests to an allow-listed route, within the outflow cap.
    function commit(uint256[] calldata ids, uint256 routeId) external nonReentrant whenNotPaused onlyRole(KEEPER_ROLE) {
        require(unpaid == 0, UnpaidDefaults(unpaid));
        address destination = _destination(routeId);
        uint256 total;
        for (uint256 i; i < ids.length; ++i) {
            Request storage r = _requests[ids[i]];
            require(r.state == RequestState.Pending, WrongState(ids[i], r.state));
            r.state = RequestState.Committed;
            r.committedAt = uint40(block.timestamp);
            total += r.amount;
            emit RequestCommitted(ids[i], routeId, r.amount, block.timestamp + settleWindow);
        }
        require(total > 0, NothingToCommit());
        _consumeOutflow(total);
        escrowed -= total;
        committed += total;
        emit CollateralSent(routeId, destination, total);
        _send(destination, total);
    }

    /// @notice Settles a committed request by a signed invoice. Anyone carries it; the carrier brings `back`.
    function settle(Invoice calldata invoice, address signer, bytes calldata signature)
        external
        nonReentrant
        whenNotPaused
    {
        Request storage r = _requests[invoice.requestId];
        require(r.state == RequestState.Committed, WrongState(invoice.requestId, r.state));
        require(block.timestamp <= invoice.deadline, SignatureExpired(invoice.deadline));
        bytes32 digest = invoiceHash(invoice);
        _checkRole(ISSUER_ROLE, signer);
        require(SignatureChecker.isValidSignatureNow(signer, digest, signature), InvalidSignature(signer));
        _checkInvoice(invoice, r);

        r.state = RequestState.Settled;
        committed -= r.amount;
        invoiceOf[invoice.requestId] = digest;
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

    function requests(uint256 requestId) external view returns (Request memory) {
        return _requests[requestId];
    }

    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        Request storage r = _requests[requestId];
        return r.state == RequestState.Pending && r.controller == controller ? r.amount : 0;
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
        require(assets > 0, ZeroAmount());
        require(controller != address(0), ZeroAddress());
        require(maxFee <= feeLimit(assets), FeeLimitTooHigh(maxFee, feeLimit(assets)));
        requestId = ++lastRequestId;
        _requests[requestId] = Request({
            controller: controller,
            state: RequestState.Pending,
            kind: RequestKind.Deposit,
            requestedAt: uint40(block.timestamp),
            committedAt: 0,
            amount: assets.toUint128(),
            maxFee: maxFee.toUint128(),
            minOut: minOut.toUint128(),
            owed: 0
        });
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
