// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Structs, events and errors of an index gate
/// @notice Amounts of the asset are in its smallest unit (USDC: 6 decimals), index tokens have 18 decimals.
interface GateTypes {
    /// @dev Both kinds share one row of ids.
    enum RequestKind {
        Deposit,
        Redeem
    }

    /// @dev None -> Pending -> Committed -> Settled; Pending -> Cancelled; Committed -> Defaulted.
    enum RequestState {
        None,
        Pending,
        Committed,
        Settled,
        Cancelled,
        Defaulted
    }

    struct Request {
        address controller;
        RequestState state;
        RequestKind kind;
        uint40 requestedAt;
        uint40 committedAt;
        uint128 amount; // asset of a deposit, index tokens of a redemption
        uint128 maxFee; // in the asset
        uint128 minOut; // for the whole amount: index tokens of a deposit, asset of a redemption
        uint128 owed; // after a default: what the bond has not yet paid
    }

    /// @dev What was done with one request's money: spent + fee + back == amount.
    struct Invoice {
        uint256 requestId;
        uint256 spent;
        uint256 fee;
        uint256 back;
        uint256 out;
        bytes32 lotsRoot;
        uint256 deadline;
    }

    /// @dev What was done with one request's tokens: burned + returned == amount. `paid` and `fee` are in the asset.
    struct Redemption {
        uint256 requestId;
        uint256 burned;
        uint256 returned;
        uint256 paid;
        uint256 fee;
        bytes32 lotsRoot;
        uint256 deadline;
    }

    /// @dev A deposit order signed by `owner` and carried by anyone. `nonce` is keyed: 192 bits key, 64 bits counter.
    struct Terms {
        address owner;
        address controller;
        uint256 assets;
        uint256 minOut;
        uint256 maxFee;
        uint256 nonce;
        uint256 deadline;
    }

    struct GateConfig {
        IERC20 asset;
        string name;
        string symbol;
        address admin;
        uint48 adminDelay; // seconds before a new admin can accept
        uint48 routeDelay; // seconds between listing a route and its first use
        uint48 weightsDelay; // least seconds between publishing weights and their effect
        uint48 settleWindow; // seconds from commitment until default may be declared
        uint16 maxFeeBps; // no request may allow a higher fee
        uint48 capWindow; // seconds in which both caps refill
        uint208 outflowCap; // asset that may leave to routes in one window
        uint208 mintCap; // index tokens that may be minted in one window
        address keeper; // first holders of the roles; the zero address for none
        address issuer;
        address curator;
        address guardian;
        address route; // listed as route 1 and active at once; the zero address for none
    }

    struct Weights {
        uint256 version;
        bytes32 root;
        uint256 effectiveTime;
    }

    event RequestTerms(uint256 indexed requestId, uint256 minOut, uint256 maxFee);
    event RequestCancelled(uint256 indexed requestId, address indexed controller, uint256 assets);
    event RequestCommitted(uint256 indexed requestId, uint256 indexed routeId, uint256 assets, uint256 settleBy);
    event CollateralSent(uint256 indexed routeId, address indexed destination, uint256 assets);
    event Settled(
        uint256 indexed requestId,
        address indexed controller,
        uint256 spent,
        uint256 fee,
        uint256 back,
        uint256 out,
        bytes32 lotsRoot,
        bytes32 invoiceHash
    );
    event RedemptionTerms(uint256 indexed requestId, uint256 minOut, uint256 maxFee);
    event RedemptionCancelled(uint256 indexed requestId, address indexed controller, uint256 shares);
    event RedemptionCommitted(uint256 indexed requestId, uint256 shares, uint256 settleBy);
    event RedemptionSettled(
        uint256 indexed requestId,
        address indexed controller,
        uint256 burned,
        uint256 returned,
        uint256 paid,
        uint256 fee,
        bytes32 lotsRoot,
        bytes32 redemptionHash
    );
    event RedemptionDefaulted(uint256 indexed requestId, address indexed controller, uint256 shares);
    event RequestDefaulted(uint256 indexed requestId, address indexed controller, uint256 assets);
    event DefaultPaid(uint256 indexed requestId, address indexed controller, uint256 assets, uint256 stillOwed);
    event PaymentHeld(address indexed account, uint256 assets);
    event Claimed(address indexed account, address indexed receiver, uint256 assets);
    event BondPosted(address indexed from, uint256 assets);
    event BondWithdrawn(address indexed to, uint256 assets);
    event RouteSet(uint256 indexed routeId, address indexed destination, uint256 activeFrom);
    event RouteRemoved(uint256 indexed routeId);
    event WeightsSet(uint256 indexed version, uint256 effectiveTime, bytes32[] assets, uint256[] weights);

    error ZeroAddress();
    error ZeroAmount();
    error FeeOnTransfer(uint256 expected, uint256 received);
    error NotOwnerOrOperator(address caller, address owner);
    error FeeLimitTooHigh(uint256 maxFee, uint256 allowed);
    error WrongState(uint256 requestId, RequestState state);
    error WrongKind(uint256 requestId, RequestKind kind);
    error NothingToCommit();
    error RouteUnknown(uint256 routeId);
    error RouteTaken(uint256 routeId);
    error RouteNotActive(uint256 routeId, uint256 activeFrom);
    error InvalidDestination(address destination);
    error UnpaidDefaults(uint256 assets);
    error CommittedOutstanding(uint256 assets);
    error SignatureExpired(uint256 deadline);
    error InvalidSignature(address signer);
    error InvoiceDoesNotBalance(uint256 accounted, uint256 amount);
    error InvoiceMintsForNothing(uint256 spent, uint256 out);
    error FeeAboveLimit(uint256 fee, uint256 maxFee);
    error PriceBelowLimit(uint256 out, uint256 minOut);
    error NotDefaultedYet(uint256 requestId, uint256 settleBy);
    error BondTooSmall(uint256 bond, uint256 wanted);
    error NothingOwed();
    error RedemptionDoesNotBalance(uint256 accounted, uint256 amount);
    error RedemptionPaysNothing(uint256 burned, uint256 paid);
    error WeightsVersionNotNewer(uint256 version, uint256 current);
    error WeightsTooEarly(uint256 effectiveTime, uint256 earliest);
    error WeightsMalformed(uint256 assets, uint256 weights);
    error WeightsNotAscending(bytes32 asset);
    error WeightIsZero(bytes32 asset);
    error WeightsDoNotAddUp(uint256 total);
}
