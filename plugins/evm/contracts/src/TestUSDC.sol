// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A dollar with 6 decimals for the development network
/// @notice Holds no constructor storage, so its runtime code can be planted at any address. Its owner can make it
/// misbehave as real dollars can: refuse an account, or keep a part of each transfer.
contract TestUSDC is ERC20, ERC20Permit {
    address public immutable owner;
    mapping(address account => bool) public isBlocked;
    uint256 public transferFeeBps;

    error OnlyOwner(address caller);
    error Blocked(address account);

    modifier onlyOwner() {
        require(msg.sender == owner, OnlyOwner(msg.sender));
        _;
    }

    constructor(address owner_) ERC20("", "") ERC20Permit("USD Coin") {
        owner = owner_;
    }

    function mint(address to, uint256 amount) external onlyOwner {
        _mint(to, amount);
    }

    function setBlocked(address account, bool blocked) external onlyOwner {
        isBlocked[account] = blocked;
    }

    function setTransferFee(uint256 bps) external onlyOwner {
        transferFeeBps = bps;
    }

    function name() public pure override returns (string memory) {
        return "USD Coin";
    }

    function symbol() public pure override returns (string memory) {
        return "USDC";
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!isBlocked[from], Blocked(from));
        require(!isBlocked[to], Blocked(to));
        super._update(from, to, value);
        uint256 fee = value * transferFeeBps / 10_000;
        if (fee > 0 && from != address(0) && to != address(0)) super._update(to, address(0), fee);
    }
}
