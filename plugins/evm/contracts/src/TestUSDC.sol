// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A dollar with 6 decimals for the development network
/// @notice Holds no constructor storage, so its runtime code can be planted at any address.
contract TestUSDC is ERC20, ERC20Permit {
    address public immutable owner;

    error OnlyOwner(address caller);

    constructor(address owner_) ERC20("", "") ERC20Permit("USD Coin") {
        owner = owner_;
    }

    function mint(address to, uint256 amount) external {
        require(msg.sender == owner, OnlyOwner(msg.sender));
        _mint(to, amount);
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
}
