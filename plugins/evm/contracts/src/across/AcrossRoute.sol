// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISpokePool} from "../interfaces/ISpokePool.sol";

/// @title A bridge leg with one possible destination
/// @notice Money that gates commit here can go to `recipient` on `destinationChainId` through Across, with a bounded
/// fee, or back to an allow-listed gate. Refunds of unfilled deposits return here. Several gates share one route.
contract AcrossRoute is Ownable2Step, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev Input and output token have the same number of decimals.
    struct RouteConfig {
        IERC20 token;
        ISpokePool spokePool;
        uint256 destinationChainId;
        address recipient;
        address outputToken;
        uint16 maxFeeBps;
        address router;
        address owner;
        uint48 gateDelay;
    }

    uint256 private constant BPS = 10_000;

    IERC20 public immutable token;
    ISpokePool public immutable spokePool;
    uint256 public immutable destinationChainId;
    address public immutable recipient;
    address public immutable outputToken;
    uint16 public immutable maxFeeBps;
    /// @notice The only key that bridges.
    address public immutable router;
    /// @notice Seconds between allow-listing a gate and its first use.
    uint48 public immutable gateDelay;

    /// @notice Time from which money may be given back to a gate; zero for a gate that is not listed.
    mapping(address gate => uint48) public gateActiveFrom;
    /// @notice May list gates besides the owner: the factory that deploys them.
    address public registrar;
    /// @notice Deposit nonces that were bridged: one transfer moves money once.
    mapping(uint256 depositNonce => bool) public bridged;

    event RegistrarSet(address indexed registrar);
    event GateAllowed(address indexed gate, uint48 activeFrom);
    event GateRemoved(address indexed gate);
    event Bridged(
        uint256 indexed depositId, uint256 indexed depositNonce, uint256 amount, uint256 outputAmount, uint32 fillDeadline
    );
    event GivenBack(address indexed gate, uint256 amount);

    error OnlyRouter(address caller);
    error OnlyRouterOrOwner(address caller);
    error OnlyOwnerOrRegistrar(address caller);
    error ZeroAddress();
    error InvalidFeeCap(uint16 maxFeeBps);
    error FeeAboveCap(uint256 amount, uint256 outputAmount, uint16 maxFeeBps);
    error DeadlinePassed(uint32 fillDeadline);
    error AlreadyBridged(uint256 depositNonce);
    error GateNotAllowed(address gate, uint48 activeFrom);

    constructor(RouteConfig memory config) Ownable(config.owner) {
        require(
            address(config.token) != address(0) && address(config.spokePool) != address(0)
                && config.recipient != address(0) && config.outputToken != address(0) && config.router != address(0),
            ZeroAddress()
        );
        require(config.maxFeeBps < BPS, InvalidFeeCap(config.maxFeeBps));
        token = config.token;
        spokePool = config.spokePool;
        destinationChainId = config.destinationChainId;
        recipient = config.recipient;
        outputToken = config.outputToken;
        maxFeeBps = config.maxFeeBps;
        router = config.router;
        gateDelay = config.gateDelay;
    }

    /// @notice Names who may list gates besides the owner; the zero address for nobody.
    function setRegistrar(address registrar_) external onlyOwner {
        registrar = registrar_;
        emit RegistrarSet(registrar_);
    }

    /// @notice Lists a gate as a place to return money to, from `gateDelay` seconds on.
    function allowGate(address gate) external {
        require(msg.sender == owner() || msg.sender == registrar, OnlyOwnerOrRegistrar(msg.sender));
        require(gate != address(0), ZeroAddress());
        uint48 activeFrom = uint48(block.timestamp) + gateDelay;
        gateActiveFrom[gate] = activeFrom;
        emit GateAllowed(gate, activeFrom);
    }

    function removeGate(address gate) external onlyOwner {
        delete gateActiveFrom[gate];
        emit GateRemoved(gate);
    }

    /// @notice Sends `amount` through Across. The deposit id, hence the relay hash, follows from `depositNonce` alone.
    function bridge(
        uint256 amount,
        uint256 outputAmount,
        uint32 quoteTimestamp,
        uint32 fillDeadline,
        uint256 depositNonce
    ) external nonReentrant returns (uint256 depositId) {
        require(msg.sender == router, OnlyRouter(msg.sender));
        require(outputAmount * BPS >= amount * (BPS - maxFeeBps), FeeAboveCap(amount, outputAmount, maxFeeBps));
        require(fillDeadline > block.timestamp, DeadlinePassed(fillDeadline));
        require(!bridged[depositNonce], AlreadyBridged(depositNonce));
        bridged[depositNonce] = true;
        depositId = depositIdOf(depositNonce);
        emit Bridged(depositId, depositNonce, amount, outputAmount, fillDeadline);
        token.forceApprove(address(spokePool), amount);
        spokePool.unsafeDeposit(
            _pad(address(this)),
            _pad(recipient),
            _pad(address(token)),
            _pad(outputToken),
            amount,
            outputAmount,
            destinationChainId,
            bytes32(0),
            depositNonce,
            quoteTimestamp,
            fillDeadline,
            0,
            ""
        );
    }

    /// @notice Returns money to an allow-listed gate, which books it as its bond.
    function giveBack(address gate, uint256 amount) external nonReentrant {
        require(msg.sender == router || msg.sender == owner(), OnlyRouterOrOwner(msg.sender));
        uint48 activeFrom = gateActiveFrom[gate];
        require(activeFrom != 0 && activeFrom <= block.timestamp, GateNotAllowed(gate, activeFrom));
        emit GivenBack(gate, amount);
        token.safeTransfer(gate, amount);
    }

    /// @notice Collects a refund that the SpokePool could not push; it can only come here.
    function claimRefund() external nonReentrant {
        spokePool.claimRelayerRefund(_pad(address(token)), _pad(address(this)));
    }

    /// @notice The Across deposit id that `bridge` with this nonce has.
    function depositIdOf(uint256 depositNonce) public view returns (uint256) {
        return uint256(keccak256(abi.encodePacked(address(this), _pad(address(this)), depositNonce)));
    }

    function _pad(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }
}
