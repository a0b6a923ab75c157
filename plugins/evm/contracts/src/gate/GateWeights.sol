// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GateControl} from "./GateControl.sol";

/// @title The weights of an index, published by its curator
abstract contract GateWeights is GateControl {
    /// @notice What the weights of one version add up to.
    uint256 public constant WHOLE = 1e18;

    uint48 public immutable weightsDelay;

    /// @notice The newest version: its root is `keccak256(abi.encode(assets, weights))`.
    Weights public weights;

    constructor(GateConfig memory config) {
        weightsDelay = config.weightsDelay;
    }

    /// @notice Publishes the weights of the index; the event carries all of them, the gate keeps their root.
    /// @param version above the newest one; versions may be left out.
    /// @param assets symbols in ASCII, padded with zeros on the right, ascending, each once.
    /// @param parts shares of value in 10**-18, none of them zero, `WHOLE` in sum.
    /// @param effectiveTime Unix seconds from which they hold, `weightsDelay` from now or later; 0 for the earliest.
    function setWeights(uint256 version, bytes32[] calldata assets, uint256[] calldata parts, uint256 effectiveTime)
        external
        onlyRole(CURATOR_ROLE)
    {
        require(version > weights.version, WeightsVersionNotNewer(version, weights.version));
        uint256 earliest = block.timestamp + weightsDelay;
        if (effectiveTime == 0) effectiveTime = earliest;
        require(effectiveTime >= earliest, WeightsTooEarly(effectiveTime, earliest));
        _checkParts(assets, parts);
        weights = Weights(version, keccak256(abi.encode(assets, parts)), effectiveTime);
        emit WeightsSet(version, effectiveTime, assets, parts);
    }

    function _checkParts(bytes32[] calldata assets, uint256[] calldata parts) private pure {
        require(assets.length == parts.length && assets.length > 0, WeightsMalformed(assets.length, parts.length));
        bytes32 last;
        uint256 total;
        for (uint256 i; i < assets.length; ++i) {
            require(assets[i] > last, WeightsNotAscending(assets[i]));
            require(parts[i] > 0, WeightIsZero(assets[i]));
            last = assets[i];
            total += parts[i];
        }
        require(total == WHOLE, WeightsDoNotAddUp(total));
    }
}
