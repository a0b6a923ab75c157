// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ISpokePool} from "../interfaces/ISpokePool.sol";

/// @title A small SpokePool for development networks and tests
/// @notice Speaks Across's V3 interface for fast fills and expiry refunds. The refund of an expired deposit is decided
/// by `dataworker`, who stands for Across's bundle proposer: the origin chain alone cannot know what was filled.
/// Holds no constructor storage, so its runtime code can be planted at any address. ERC-20 only, no messages.
contract MiniSpokePool is ISpokePool, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    uint32 public constant depositQuoteTimeBuffer = 3_600;
    uint32 public constant fillDeadlineBuffer = 21_600;
    uint32 public constant MAX_EXCLUSIVITY_PERIOD_SECONDS = 31_536_000;

    address public immutable dataworker;

    uint32 public numberOfDeposits;
    mapping(bytes32 relayHash => uint256) public fillStatuses;
    mapping(address token => mapping(address refundAddress => uint256)) public relayerRefund;
    /// @notice Deposits with this relay hash that were neither repaid to a relayer nor refunded.
    mapping(bytes32 relayHash => uint256) public openDeposits;
    uint32 private _leaves;

    error OnlyDataworker(address caller);
    error UnknownDeposit(bytes32 relayHash);
    error NotExpired(uint32 fillDeadline);
    error MessagesUnsupported();
    error NativeValueUnsupported();

    constructor(address dataworker_) {
        dataworker = dataworker_;
    }

    function depositV3(
        address depositor,
        address recipient,
        address inputToken,
        address outputToken,
        uint256 inputAmount,
        uint256 outputAmount,
        uint256 destinationChainId,
        address exclusiveRelayer,
        uint32 quoteTimestamp,
        uint32 fillDeadline,
        uint32 exclusivityParameter,
        bytes calldata message
    ) external payable nonReentrant {
        V3RelayData memory data = V3RelayData({
            depositor: _pad(depositor),
            recipient: _pad(recipient),
            exclusiveRelayer: _pad(exclusiveRelayer),
            inputToken: _pad(inputToken),
            outputToken: _pad(outputToken),
            inputAmount: inputAmount,
            outputAmount: outputAmount,
            originChainId: block.chainid,
            depositId: numberOfDeposits++,
            fillDeadline: fillDeadline,
            exclusivityDeadline: exclusivityParameter,
            message: message
        });
        _deposit(data, destinationChainId, quoteTimestamp);
    }

    function unsafeDeposit(
        bytes32 depositor,
        bytes32 recipient,
        bytes32 inputToken,
        bytes32 outputToken,
        uint256 inputAmount,
        uint256 outputAmount,
        uint256 destinationChainId,
        bytes32 exclusiveRelayer,
        uint256 depositNonce,
        uint32 quoteTimestamp,
        uint32 fillDeadline,
        uint32 exclusivityParameter,
        bytes calldata message
    ) external payable nonReentrant {
        V3RelayData memory data = V3RelayData({
            depositor: depositor,
            recipient: recipient,
            exclusiveRelayer: exclusiveRelayer,
            inputToken: inputToken,
            outputToken: outputToken,
            inputAmount: inputAmount,
            outputAmount: outputAmount,
            originChainId: block.chainid,
            depositId: getUnsafeDepositId(msg.sender, depositor, depositNonce),
            fillDeadline: fillDeadline,
            exclusivityDeadline: exclusivityParameter,
            message: message
        });
        _deposit(data, destinationChainId, quoteTimestamp);
    }

    function fillRelay(V3RelayData calldata relayData, uint256 repaymentChainId, bytes32) external nonReentrant {
        bytes32 relayHash = getRelayHash(relayData, block.chainid);
        require(
            relayData.exclusivityDeadline < block.timestamp || relayData.exclusiveRelayer == _pad(msg.sender),
            NotExclusiveRelayer()
        );
        require(relayData.fillDeadline >= block.timestamp, ExpiredFillDeadline());
        require(fillStatuses[relayHash] != uint256(FillStatus.Filled), RelayFilled());
        require(relayData.message.length == 0, MessagesUnsupported());
        fillStatuses[relayHash] = uint256(FillStatus.Filled);
        emit FilledRelay(
            relayData.inputToken,
            relayData.outputToken,
            relayData.inputAmount,
            relayData.outputAmount,
            repaymentChainId,
            relayData.originChainId,
            relayData.depositId,
            relayData.fillDeadline,
            relayData.exclusivityDeadline,
            relayData.exclusiveRelayer,
            _pad(msg.sender),
            relayData.depositor,
            relayData.recipient,
            bytes32(0),
            V3RelayExecutionEventInfo(relayData.recipient, bytes32(0), relayData.outputAmount, FillType.FastFill)
        );
        IERC20(_unpad(relayData.outputToken)).safeTransferFrom(
            msg.sender, _unpad(relayData.recipient), relayData.outputAmount
        );
    }

    /// @notice Gives an expired, unfilled deposit back to its depositor: pushed, or left to be claimed when `deferred`.
    function refundExpired(V3RelayData calldata relayData, uint256 destinationChainId, bool deferred)
        external
        nonReentrant
    {
        require(msg.sender == dataworker, OnlyDataworker(msg.sender));
        bytes32 relayHash = getRelayHash(relayData, destinationChainId);
        require(openDeposits[relayHash] > 0, UnknownDeposit(relayHash));
        require(relayData.fillDeadline < block.timestamp, NotExpired(relayData.fillDeadline));
        openDeposits[relayHash] -= 1;

        address token = _unpad(relayData.inputToken);
        address depositor = _unpad(relayData.depositor);
        uint256[] memory amounts = new uint256[](1);
        address[] memory receivers = new address[](1);
        (amounts[0], receivers[0]) = (relayData.inputAmount, depositor);
        if (deferred) {
            relayerRefund[token][depositor] += relayData.inputAmount;
        } else {
            IERC20(token).safeTransfer(depositor, relayData.inputAmount);
        }
        emit ExecutedRelayerRefundRoot(
            0, block.chainid, amounts, _leaves++, 0, token, receivers, deferred, msg.sender
        );
    }

    function claimRelayerRefund(bytes32 l2TokenAddress, bytes32 refundAddress) external nonReentrant {
        address token = _unpad(l2TokenAddress);
        uint256 refund = relayerRefund[token][msg.sender];
        require(refund > 0, NoRelayerRefundToClaim());
        relayerRefund[token][msg.sender] = 0;
        emit ClaimedRelayerRefund(l2TokenAddress, refundAddress, refund, msg.sender);
        IERC20(token).safeTransfer(_unpad(refundAddress), refund);
    }

    function getRelayerRefund(address l2TokenAddress, address refundAddress) external view returns (uint256) {
        return relayerRefund[l2TokenAddress][refundAddress];
    }

    function getUnsafeDepositId(address msgSender, bytes32 depositor, uint256 depositNonce)
        public
        pure
        returns (uint256)
    {
        return uint256(keccak256(abi.encodePacked(msgSender, depositor, depositNonce)));
    }

    function getRelayHash(V3RelayData memory relayData, uint256 destinationChainId) public pure returns (bytes32) {
        return keccak256(abi.encode(relayData, destinationChainId));
    }

    /// @dev `data.exclusivityDeadline` comes in as the parameter (none, offset or absolute) and is resolved here.
    function _deposit(V3RelayData memory data, uint256 destinationChainId, uint32 quoteTimestamp) private {
        require(msg.value == 0, NativeValueUnsupported());
        require(data.outputToken != bytes32(0), InvalidOutputToken());
        require(
            quoteTimestamp <= block.timestamp && block.timestamp - quoteTimestamp <= depositQuoteTimeBuffer,
            InvalidQuoteTimestamp()
        );
        require(data.fillDeadline <= block.timestamp + fillDeadlineBuffer, InvalidFillDeadline());
        if (data.exclusivityDeadline > 0) {
            require(data.exclusiveRelayer != bytes32(0), InvalidExclusiveRelayer());
            if (data.exclusivityDeadline <= MAX_EXCLUSIVITY_PERIOD_SECONDS) {
                data.exclusivityDeadline += uint32(block.timestamp);
            }
        }
        openDeposits[getRelayHash(data, destinationChainId)] += 1;
        emit FundsDeposited(
            data.inputToken,
            data.outputToken,
            data.inputAmount,
            data.outputAmount,
            destinationChainId,
            data.depositId,
            quoteTimestamp,
            data.fillDeadline,
            data.exclusivityDeadline,
            data.depositor,
            data.recipient,
            data.exclusiveRelayer,
            data.message
        );
        IERC20(_unpad(data.inputToken)).safeTransferFrom(msg.sender, address(this), data.inputAmount);
    }

    function _pad(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _unpad(bytes32 account) private pure returns (address) {
        return address(uint160(uint256(account)));
    }
}
