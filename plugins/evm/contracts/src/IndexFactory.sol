// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {GateTypes} from "./gate/GateTypes.sol";
import {IndexGate} from "./IndexGate.sol";

interface IGateList {
    function allowGate(address gate) external;
}

/// @title Deploys indices: a gate with its token, ready to work, in one transaction
/// @notice Everything but the name and the curator comes from a template that only the admin changes, so a stolen
/// creator's key cannot deploy a gate that trusts anybody else. The gate's creation code is too long to be kept here:
/// the caller brings it, and its hash is checked.
contract IndexFactory is AccessControlDefaultAdminRules {
    /// @notice Deploys indices; online key.
    bytes32 public constant CREATOR_ROLE = keccak256("CREATOR_ROLE");

    /// @notice Hash of the only creation code that is deployed.
    bytes32 public immutable gateCodeHash;

    /// @notice Where new gates are listed as places to return money to; the zero address for nowhere.
    IGateList public gateList;
    mapping(string symbol => address gate) public gateOf;
    GateTypes.GateConfig private _template;

    event IndexCreated(string symbol, address indexed gate, address indexed token);
    event TemplateSet();

    error SymbolTaken(string symbol, address gate);
    error SymbolEmpty();
    error WrongGateCode(bytes32 hash, bytes32 expected);
    error DeploymentFailed();

    constructor(address admin, uint48 adminDelay, bytes32 gateCodeHash_)
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        gateCodeHash = gateCodeHash_;
    }

    /// @notice Sets what new gates are made with; `name` and `symbol` are not used.
    function setTemplate(GateTypes.GateConfig calldata config, IGateList gateList_)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        _template = config;
        gateList = gateList_;
        emit TemplateSet();
    }

    /// @notice Deploys the gate and the token of an index. A symbol is given once.
    /// @param curator who publishes weights; the zero address for the template's.
    /// @param gateCode `IndexGate`'s creation code without arguments.
    function createIndex(string calldata symbol, string calldata name, address curator, bytes calldata gateCode)
        external
        onlyRole(CREATOR_ROLE)
        returns (address gate)
    {
        require(bytes(symbol).length > 0, SymbolEmpty());
        require(gateOf[symbol] == address(0), SymbolTaken(symbol, gateOf[symbol]));
        bytes32 codeHash = keccak256(gateCode);
        require(codeHash == gateCodeHash, WrongGateCode(codeHash, gateCodeHash));
        GateTypes.GateConfig memory config = _template;
        config.name = name;
        config.symbol = symbol;
        if (curator != address(0)) config.curator = curator;
        gate = _deploy(abi.encodePacked(gateCode, abi.encode(config)));
        gateOf[symbol] = gate;
        emit IndexCreated(symbol, gate, address(IndexGate(gate).token()));
        if (address(gateList) != address(0)) gateList.allowGate(gate);
    }

    function template() external view returns (GateTypes.GateConfig memory) {
        return _template;
    }

    function _deploy(bytes memory code) private returns (address deployed) {
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), DeploymentFailed());
    }
}
