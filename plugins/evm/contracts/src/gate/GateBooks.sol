// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IndexToken} from "../IndexToken.sol";
import {GateTypes} from "./GateTypes.sol";

/// @title The money of a gate: what it holds and for whom
/// @notice Invariants: the asset balance covers `escrowed + held + bond`, the token balance covers `sharesEscrowed`.
abstract contract GateBooks is GateTypes, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    IERC20 internal immutable _asset;
    IndexToken public immutable token;

    /// @notice Money of pending requests.
    uint256 public escrowed;
    /// @notice Money of requests that left for a route and are neither settled nor defaulted.
    uint256 public committed;
    /// @notice Payments that the asset refused to deliver, waiting for `claim`.
    uint256 public held;
    /// @notice Security for defaulted requests.
    uint256 public bond;
    /// @notice What defaulted requests are still owed.
    uint256 public unpaid;

    /// @notice Index tokens of redemptions that are pending or committed.
    uint256 public sharesEscrowed;

    mapping(address account => uint256) public heldFor;

    constructor(GateConfig memory config) {
        require(address(config.asset) != address(0), ZeroAddress());
        _asset = config.asset;
        token = new IndexToken(config.name, config.symbol);
    }

    /// @notice The deposit asset.
    function asset() public view returns (address) {
        return address(_asset);
    }

    /// @notice Whether the gate holds everything it has to hold.
    function solvent() external view returns (bool) {
        return _asset.balanceOf(address(this)) >= _liabilities() && token.balanceOf(address(this)) >= sharesEscrowed;
    }

    /// @notice Pays what was held for the caller, to any receiver. Never paused.
    function claim(address receiver) external nonReentrant returns (uint256 assets) {
        assets = heldFor[msg.sender];
        require(assets > 0, NothingOwed());
        heldFor[msg.sender] = 0;
        held -= assets;
        emit Claimed(msg.sender, receiver, assets);
        _asset.safeTransfer(receiver, assets);
    }

    /// @notice Adds the caller's money to the bond.
    function postBond(uint256 assets) external nonReentrant {
        bond += assets;
        emit BondPosted(msg.sender, assets);
        _pull(msg.sender, assets);
    }

    /// @notice Books money that arrived by plain transfer, such as collateral a route gave back, as bond.
    function bookSurplus() external nonReentrant returns (uint256 assets) {
        assets = _asset.balanceOf(address(this)) - _liabilities();
        bond += assets;
        emit BondPosted(address(this), assets);
    }

    function _withdrawBond(uint256 assets, address to) internal {
        require(committed == 0, CommittedOutstanding(committed));
        require(unpaid == 0, UnpaidDefaults(unpaid));
        require(assets <= bond, BondTooSmall(bond, assets));
        bond -= assets;
        emit BondWithdrawn(to, assets);
        _asset.safeTransfer(to, assets);
    }

    /// @dev Takes exactly `assets` from `from`; an asset that delivers another amount is refused.
    function _pull(address from, uint256 assets) internal {
        uint256 before = _asset.balanceOf(address(this));
        _asset.safeTransferFrom(from, address(this), assets);
        uint256 received = _asset.balanceOf(address(this)) - before;
        require(received == assets, FeeOnTransfer(assets, received));
    }

    /// @dev Pays `to`; if the asset refuses the receiver, the money waits for `claim` and the caller goes on.
    function _push(address to, uint256 assets) internal {
        if (assets > 0 && !_asset.trySafeTransfer(to, assets)) {
            held += assets;
            heldFor[to] += assets;
            emit PaymentHeld(to, assets);
        }
    }

    function _send(address to, uint256 assets) internal {
        _asset.safeTransfer(to, assets);
    }

    /// @dev Takes index tokens of `from` into escrow; the gate needs its allowance.
    function _takeShares(address from, uint256 shares) internal {
        sharesEscrowed += shares;
        IERC20(token).safeTransferFrom(from, address(this), shares);
    }

    function _returnShares(address to, uint256 shares) internal {
        sharesEscrowed -= shares;
        if (shares > 0) IERC20(token).safeTransfer(to, shares);
    }

    function _burnShares(uint256 shares) internal {
        sharesEscrowed -= shares;
        token.burn(address(this), shares);
    }

    function _liabilities() private view returns (uint256) {
        return escrowed + held + bond;
    }
}
