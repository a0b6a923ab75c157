// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";
import {GateTypes} from "./GateTypes.sol";

/// @title Who may do what at a gate: roles, pause, routes and caps
abstract contract GateControl is GateTypes, AccessControlDefaultAdminRules, Pausable {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @notice Commits requests to routes; online key.
    bytes32 public constant KEEPER_ROLE = keccak256("KEEPER_ROLE");
    /// @notice Signs invoices and sends no transactions.
    bytes32 public constant ISSUER_ROLE = keccak256("ISSUER_ROLE");
    /// @notice Publishes weights.
    bytes32 public constant CURATOR_ROLE = keccak256("CURATOR_ROLE");
    /// @notice Pauses; only the admin resumes.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    struct Route {
        address destination;
        uint48 activeFrom;
    }

    uint256 private constant FIRST_ROUTE = 1;

    uint48 public immutable routeDelay;

    mapping(uint256 routeId => Route) public routes;

    RateLimiter.RefillingBucket private _outflow;
    RateLimiter.RefillingBucket private _minting;

    constructor(GateConfig memory config) AccessControlDefaultAdminRules(config.adminDelay, config.admin) {
        routeDelay = config.routeDelay;
        _outflow.updateSettings(config.capWindow, config.outflowCap);
        _minting.updateSettings(config.capWindow, config.mintCap);
        _grantFirst(KEEPER_ROLE, config.keeper);
        _grantFirst(ISSUER_ROLE, config.issuer);
        _grantFirst(CURATOR_ROLE, config.curator);
        _grantFirst(GUARDIAN_ROLE, config.guardian);
        if (config.route != address(0)) _listRoute(FIRST_ROUTE, config.route, uint48(block.timestamp));
    }

    /// @notice Stops new requests, commitments and settlements. Exits go on.
    function pause() external onlyRole(GUARDIAN_ROLE) {
        _pause();
    }

    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
    }

    /// @notice Lists a destination for collateral, usable after `routeDelay`. An id is never given a new destination.
    function setRoute(uint256 routeId, address destination) external onlyRole(DEFAULT_ADMIN_ROLE) {
        require(routes[routeId].activeFrom == 0, RouteTaken(routeId));
        _listRoute(routeId, destination, uint48(block.timestamp) + routeDelay);
    }

    /// @notice Withdraws a destination at once; its id stays used.
    function removeRoute(uint256 routeId) external onlyRole(DEFAULT_ADMIN_ROLE) {
        require(routes[routeId].destination != address(0), RouteUnknown(routeId));
        routes[routeId].destination = address(0);
        emit RouteRemoved(routeId);
    }

    /// @notice Asset that may still leave to routes now.
    function outflowAvailable() external view returns (uint256) {
        return _outflow.available(0);
    }

    /// @notice Index tokens that may still be minted now.
    function mintAvailable() external view returns (uint256) {
        return _minting.available(0);
    }

    function _destination(uint256 routeId) internal view returns (address) {
        Route memory route = routes[routeId];
        require(route.destination != address(0), RouteUnknown(routeId));
        require(route.activeFrom <= block.timestamp, RouteNotActive(routeId, route.activeFrom));
        return route.destination;
    }

    function _grantFirst(bytes32 role, address holder) private {
        if (holder != address(0)) _grantRole(role, holder);
    }

    function _listRoute(uint256 routeId, address destination, uint48 activeFrom) private {
        require(destination != address(0) && destination != address(this), InvalidDestination(destination));
        routes[routeId] = Route(destination, activeFrom);
        emit RouteSet(routeId, destination, activeFrom);
    }

    function _consumeOutflow(uint256 assets) internal {
        _outflow.consume(0, assets);
    }

    function _consumeMint(uint256 out) internal {
        _minting.consume(0, out);
    }
}
