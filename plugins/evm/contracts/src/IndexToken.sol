// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A share of an index: ERC-20 with permit, 18 decimals
/// @notice Only the gate that created it mints and burns.
contract IndexToken is ERC20, ERC20Permit {
    /// @notice The index's gate, the only minter and burner.
    address public immutable gate;

    error OnlyGate(address caller);

    constructor(string memory name_, string memory symbol_) ERC20(name_, symbol_) ERC20Permit(name_) {
        gate = msg.sender;
    }

    modifier onlyGate() {
        require(msg.sender == gate, OnlyGate(msg.sender));
        _;
    }

    /// @notice Creates `amount` for `to`.
    function mint(address to, uint256 amount) external onlyGate {
        _mint(to, amount);
    }

    /// @notice Destroys `amount` of `from`; the gate burns only what it holds in escrow.
    function burn(address from, uint256 amount) external onlyGate {
        _burn(from, amount);
    }
}
