// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IERC7540Operator} from "../interfaces/IERC7540.sol";
import {GateControl} from "./GateControl.sol";

/// @title Requests of a gate, deposits and redemptions alike: ids, states, and who may act for whom
abstract contract GateRequests is GateControl, EIP712, IERC7540Operator {
    using SafeCast for uint256;

    /// @notice Seconds from commitment after which anyone may declare a default.
    uint48 public immutable settleWindow;

    /// @notice Ids count from 1; this is the last one given.
    uint256 public lastRequestId;
    mapping(uint256 requestId => Request) internal _requests;
    /// @notice The EIP-712 digest of the invoice or redemption that settled a request.
    mapping(uint256 requestId => bytes32) public invoiceOf;
    mapping(address controller => mapping(address operator => bool)) public isOperator;

    constructor(GateConfig memory config) EIP712("IndexGate", "1") {
        settleWindow = config.settleWindow;
    }

    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    function requests(uint256 requestId) external view returns (Request memory) {
        return _requests[requestId];
    }

    /// @dev Opens a pending request under the next id; its money is the caller's business.
    function _file(RequestKind kind, uint256 amount, address controller, uint256 minOut, uint256 maxFee)
        internal
        returns (uint256 requestId)
    {
        require(amount > 0, ZeroAmount());
        require(controller != address(0), ZeroAddress());
        requestId = ++lastRequestId;
        _requests[requestId] = Request({
            controller: controller,
            state: RequestState.Pending,
            kind: kind,
            requestedAt: uint40(block.timestamp),
            committedAt: 0,
            amount: amount.toUint128(),
            maxFee: maxFee.toUint128(),
            minOut: minOut.toUint128(),
            owed: 0
        });
    }

    /// @dev The request as `kind`, which must be in `state`.
    function _in(uint256 requestId, RequestKind kind, RequestState state) internal view returns (Request storage r) {
        r = _requests[requestId];
        require(r.state == state, WrongState(requestId, r.state));
        require(r.kind == kind, WrongKind(requestId, r.kind));
    }

    function _commit(uint256 requestId, RequestKind kind) internal returns (Request storage r, uint256 settleBy) {
        r = _in(requestId, kind, RequestState.Pending);
        r.state = RequestState.Committed;
        r.committedAt = uint40(block.timestamp);
        settleBy = block.timestamp + settleWindow;
    }

    /// @dev Ends a committed request by a digest that an issuer signed in time.
    function _settle(
        uint256 requestId,
        RequestKind kind,
        bytes32 digest,
        uint256 deadline,
        address signer,
        bytes calldata signature
    ) internal returns (Request storage r) {
        r = _in(requestId, kind, RequestState.Committed);
        require(block.timestamp <= deadline, SignatureExpired(deadline));
        _checkRole(ISSUER_ROLE, signer);
        require(SignatureChecker.isValidSignatureNow(signer, digest, signature), InvalidSignature(signer));
        r.state = RequestState.Settled;
        invoiceOf[requestId] = digest;
    }

    /// @dev Withdraws a pending request for its controller.
    function _withdraw(uint256 requestId) internal returns (Request storage r) {
        r = _requests[requestId];
        require(r.state == RequestState.Pending, WrongState(requestId, r.state));
        _checkActsFor(r.controller);
        r.state = RequestState.Cancelled;
    }

    /// @dev Ends a committed request whose settle window is over.
    function _default(uint256 requestId) internal returns (Request storage r) {
        r = _requests[requestId];
        require(r.state == RequestState.Committed, WrongState(requestId, r.state));
        uint256 settleBy = uint256(r.committedAt) + settleWindow;
        require(block.timestamp > settleBy, NotDefaultedYet(requestId, settleBy));
        r.state = RequestState.Defaulted;
    }

    function _checkActsFor(address owner) internal view {
        require(owner == msg.sender || isOperator[owner][msg.sender], NotOwnerOrOperator(msg.sender, owner));
    }

    function _pendingOf(uint256 requestId, RequestKind kind, address controller) internal view returns (uint256) {
        Request storage r = _requests[requestId];
        bool pending = r.state == RequestState.Pending && r.kind == kind && r.controller == controller;
        return pending ? r.amount : 0;
    }
}
