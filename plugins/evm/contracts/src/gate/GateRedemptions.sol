// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC7540RedeemRequest} from "../interfaces/IERC7540.sol";
import {GateBooks} from "./GateBooks.sol";
import {GateRequests} from "./GateRequests.sol";

/// @title The way out of an index: tokens in, asset out
/// @notice Tokens stay in the gate from the request to the settlement; what is burned is paid in the same transaction.
abstract contract GateRedemptions is GateRequests, GateBooks, IERC7540RedeemRequest {
    bytes32 private constant REDEMPTION_TYPEHASH = keccak256(
        "Redemption(uint256 requestId,uint256 burned,uint256 returned,uint256 paid,uint256 fee,bytes32 lotsRoot,uint256 deadline)"
    );

    /// @notice ERC-7540 redeem request: no least output and no fee limit.
    function requestRedeem(uint256 shares, address controller, address owner) external returns (uint256) {
        return redeem(shares, controller, owner, 0, type(uint128).max);
    }

    /// @notice A redeem request with price protection. The gate takes `shares` by its allowance of `owner`.
    /// @param minOut least payment, in the asset, if all of `shares` is burned; pro rata for less.
    /// @param maxFee highest fee, in the asset.
    function redeem(uint256 shares, address controller, address owner, uint256 minOut, uint256 maxFee)
        public
        nonReentrant
        whenNotPaused
        returns (uint256 requestId)
    {
        _checkActsFor(owner);
        requestId = _file(RequestKind.Redeem, shares, controller, minOut, maxFee);
        emit RedeemRequest(controller, owner, requestId, msg.sender, shares);
        emit RedemptionTerms(requestId, minOut, maxFee);
        _takeShares(owner, shares);
    }

    /// @notice Locks the tokens of pending redemptions, so that what backs them can be sold. Nothing leaves the gate.
    function commitRedemptions(uint256[] calldata ids) external nonReentrant whenNotPaused onlyRole(KEEPER_ROLE) {
        require(ids.length > 0, NothingToCommit());
        for (uint256 i; i < ids.length; ++i) {
            (Request storage r, uint256 settleBy) = _commit(ids[i], RequestKind.Redeem);
            emit RedemptionCommitted(ids[i], r.amount, settleBy);
        }
    }

    /// @notice Settles a committed redemption as an issuer signed it. Anyone carries it; the carrier brings `paid`.
    function settleRedemption(Redemption calldata redemption, address signer, bytes calldata signature)
        external
        nonReentrant
        whenNotPaused
    {
        bytes32 digest = redemptionHash(redemption);
        Request storage r = _settle(
            redemption.requestId, RequestKind.Redeem, digest, redemption.deadline, signer, signature
        );
        _checkRedemption(redemption, r);
        emit RedemptionSettled(
            redemption.requestId,
            r.controller,
            redemption.burned,
            redemption.returned,
            redemption.paid,
            redemption.fee,
            redemption.lotsRoot,
            digest
        );
        _burnShares(redemption.burned);
        _returnShares(r.controller, redemption.returned);
        if (redemption.paid > 0) {
            _pull(msg.sender, redemption.paid);
            _push(r.controller, redemption.paid);
        }
    }

    /// @notice Index tokens of a redemption that can still be cancelled.
    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        return _pendingOf(requestId, RequestKind.Redeem, controller);
    }

    /// @notice The EIP-712 digest that an issuer signs.
    function redemptionHash(Redemption calldata redemption) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REDEMPTION_TYPEHASH, redemption)));
    }

    function _checkRedemption(Redemption calldata redemption, Request storage r) private view {
        uint256 accounted = redemption.burned + redemption.returned;
        require(accounted == r.amount, RedemptionDoesNotBalance(accounted, r.amount));
        require(redemption.fee <= r.maxFee, FeeAboveLimit(redemption.fee, r.maxFee));
        bool burns = redemption.burned > 0;
        require(
            burns == (redemption.paid > 0) && (burns || redemption.fee == 0),
            RedemptionPaysNothing(redemption.burned, redemption.paid)
        );
        require(
            redemption.paid * r.amount >= r.minOut * redemption.burned, PriceBelowLimit(redemption.paid, r.minOut)
        );
    }
}
