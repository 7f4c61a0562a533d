//! Functions whose meaning a standard fixes, and well-known ones whose four bytes others may share. Signatures only.
//!
//! Sources: ERC-20, 721, 1155, 2612, 4626, WETH9, Permit2, Multicall3, Safe, ERC-1967 and OpenZeppelin's access control.

use std::{collections::HashMap, sync::OnceLock};

use alloy_json_abi::Function;

/// What standards define.
const STANDARD: &[&str] = &[
    "transfer(address to, uint256 amount)",
    "approve(address spender, uint256 amount)",
    "transferFrom(address from, address to, uint256 amount)",
    "increaseAllowance(address spender, uint256 addedValue)",
    "decreaseAllowance(address spender, uint256 subtractedValue)",
    "setApprovalForAll(address operator, bool approved)",
    "safeTransferFrom(address from, address to, uint256 tokenId)",
    "safeTransferFrom(address from, address to, uint256 tokenId, bytes data)",
    "safeTransferFrom(address from, address to, uint256 id, uint256 amount, bytes data)",
    "safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] amounts, bytes data)",
    "permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)",
    "deposit(uint256 assets, address receiver)",
    "mint(uint256 shares, address receiver)",
    "withdraw(uint256 assets, address receiver, address owner)",
    "redeem(uint256 shares, address receiver, address owner)",
    "deposit()",
    "withdraw(uint256 wad)",
    "approve(address token, address spender, uint160 amount, uint48 expiration)",
    "transferFrom(address from, address to, uint160 amount, address token)",
    "transferFrom((address,address,uint160,address)[] transferDetails)",
    "permitTransferFrom(((address,uint256),uint256,uint256) permit, (address,uint256) transferDetails, address owner, bytes signature)",
    "permitTransferFrom(((address,uint256)[],uint256,uint256) permit, (address,uint256)[] transferDetails, address owner, bytes signature)",
    "aggregate((address,bytes)[] calls)",
    "aggregate3((address,bool,bytes)[] calls)",
    "aggregate3Value((address,bool,uint256,bytes)[] calls)",
    "tryAggregate(bool requireSuccess, (address,bytes)[] calls)",
    "multicall(bytes[] data)",
    "execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures)",
];

/// Functions that hand over control of a contract: never signed without retyping the digest, whatever calls them.
const CONTROL: &[&str] = &[
    "upgradeTo(address newImplementation)",
    "upgradeToAndCall(address newImplementation, bytes data)",
    "upgrade(address proxy, address implementation)",
    "upgradeAndCall(address proxy, address implementation, bytes data)",
    "changeAdmin(address newAdmin)",
    "changeProxyAdmin(address proxy, address newAdmin)",
    "transferOwnership(address newOwner)",
    "acceptOwnership()",
    "renounceOwnership()",
    "setOwner(address owner)",
    "grantRole(bytes32 role, address account)",
    "revokeRole(bytes32 role, address account)",
    "setImplementation(address implementation)",
    "changeMasterCopy(address masterCopy)",
    "enableModule(address module)",
    "setGuard(address guard)",
    "setFallbackHandler(address handler)",
    "addOwnerWithThreshold(address owner, uint256 threshold)",
    "removeOwner(address prevOwner, address owner, uint256 threshold)",
    "swapOwner(address prevOwner, address oldOwner, address newOwner)",
    "changeThreshold(uint256 threshold)",
    "diamondCut((address,uint8,bytes4[])[] cut, address init, bytes data)",
];

/// Well-known functions of protocols: a match is a guess.
const WELL_KNOWN: &[&str] = &[
    // Uniswap and its forks
    "swapExactTokensForTokens(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline)",
    "swapTokensForExactTokens(uint256 amountOut, uint256 amountInMax, address[] path, address to, uint256 deadline)",
    "swapExactETHForTokens(uint256 amountOutMin, address[] path, address to, uint256 deadline)",
    "swapETHForExactTokens(uint256 amountOut, address[] path, address to, uint256 deadline)",
    "swapExactTokensForETH(uint256 amountIn, uint256 amountOutMin, address[] path, address to, uint256 deadline)",
    "swapTokensForExactETH(uint256 amountOut, uint256 amountInMax, address[] path, address to, uint256 deadline)",
    "addLiquidity(address tokenA, address tokenB, uint256 amountADesired, uint256 amountBDesired, uint256 amountAMin, uint256 amountBMin, address to, uint256 deadline)",
    "addLiquidityETH(address token, uint256 amountTokenDesired, uint256 amountTokenMin, uint256 amountETHMin, address to, uint256 deadline)",
    "removeLiquidity(address tokenA, address tokenB, uint256 liquidity, uint256 amountAMin, uint256 amountBMin, address to, uint256 deadline)",
    "removeLiquidityETH(address token, uint256 liquidity, uint256 amountTokenMin, uint256 amountETHMin, address to, uint256 deadline)",
    "exactInputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160) params)",
    "exactInputSingle((address,address,uint24,address,uint256,uint256,uint160) params)",
    "exactInput((bytes,address,uint256,uint256,uint256) params)",
    "exactOutputSingle((address,address,uint24,address,uint256,uint256,uint256,uint160) params)",
    "exactOutputSingle((address,address,uint24,address,uint256,uint256,uint160) params)",
    "collect((uint256,address,uint128,uint128) params)",
    "unwrapWETH9(uint256 amountMinimum, address recipient)",
    "refundETH()",
    // Lending
    "supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode)",
    "withdraw(address asset, uint256 amount, address to)",
    "borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf)",
    "repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf)",
    "setUserUseReserveAsCollateral(address asset, bool useAsCollateral)",
    "supply(address asset, uint256 amount)",
    "withdraw(address asset, uint256 amount)",
    "mint(uint256 mintAmount)",
    "redeem(uint256 redeemTokens)",
    "redeemUnderlying(uint256 redeemAmount)",
    "borrow(uint256 borrowAmount)",
    "repayBorrow(uint256 repayAmount)",
    "enterMarkets(address[] cTokens)",
    // Staking
    "submit(address referral)",
    "wrap(uint256 amount)",
    "unwrap(uint256 amount)",
    "requestWithdrawals(uint256[] amounts, address owner)",
    "claimWithdrawals(uint256[] requestIds, uint256[] hints)",
    "claimWithdrawal(uint256 requestId)",
    "stake(uint256 amount)",
    "unstake(uint256 amount)",
    "exit()",
    "getReward()",
    "claim()",
    "claim(address account)",
    "deposit(uint256 amount)",
    "deposit(bytes pubkey, bytes withdrawal_credentials, bytes signature, bytes32 deposit_data_root)",
    "delegate(address delegatee)",
    // Governance
    "castVote(uint256 proposalId, uint8 support)",
    "castVoteWithReason(uint256 proposalId, uint8 support, string reason)",
    "propose(address[] targets, uint256[] values, bytes[] calldatas, string description)",
    // Names
    "register(string name, address owner, uint256 duration, bytes32 secret, address resolver, bytes[] data, bool reverseRecord, uint16 ownerControlledFuses)",
    "commit(bytes32 commitment)",
    "renew(string name, uint256 duration)",
    "setAddr(bytes32 node, address a)",
    "setText(bytes32 node, string key, string value)",
    "setName(string name)",
    // Bridges
    "depositETH(uint32 minGasLimit, bytes extraData)",
    "depositETHTo(address to, uint32 minGasLimit, bytes extraData)",
    "bridgeETH(uint32 minGasLimit, bytes extraData)",
    "bridgeETHTo(address to, uint32 minGasLimit, bytes extraData)",
    "bridgeERC20(address localToken, address remoteToken, uint256 amount, uint32 minGasLimit, bytes extraData)",
    "bridgeERC20To(address localToken, address remoteToken, address to, uint256 amount, uint32 minGasLimit, bytes extraData)",
    "depositTransaction(address to, uint256 value, uint64 gasLimit, bool isCreation, bytes data)",
    "outboundTransfer(address token, address to, uint256 amount, uint256 maxGas, uint256 gasPriceBid, bytes data)",
    "depositForBurn(uint256 amount, uint32 destinationDomain, bytes32 mintRecipient, address burnToken)",
    // Tokens
    "burn(uint256 amount)",
    "burnFrom(address account, uint256 amount)",
    "mint(address to, uint256 amount)",
    "mint(address to)",
    "safeMint(address to)",
    "safeMint(address to, uint256 tokenId)",
    "transferAndCall(address to, uint256 amount, bytes data)",
    "pause()",
    "unpause()",
    "store(uint256 number)",
    "setNumber(uint256 number)",
    "increment()",
];

/// How surely a selector names a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A standard's.
    Standard,
    /// One that hands over control.
    Control,
    /// A well-known one.
    WellKnown,
}

/// The function of a selector.
pub(super) fn by_selector(selector: [u8; 4]) -> Option<(Source, &'static Function)> {
    static TABLE: OnceLock<HashMap<[u8; 4], (Source, Function)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table = HashMap::new();
        // What comes first wins: no well-known function hides one of a standard.
        for (source, signatures) in
            [(Source::Standard, STANDARD), (Source::Control, CONTROL), (Source::WellKnown, WELL_KNOWN)]
        {
            for signature in signatures {
                if let Ok(function) = Function::parse(signature) {
                    table.entry(function.selector().0).or_insert((source, function));
                }
            }
        }
        table
    });
    table.get(&selector).map(|(source, function)| (*source, function))
}

/// Whether any well-known function has this name.
#[cfg(test)]
pub(super) fn is_well_known(name: &str) -> bool {
    WELL_KNOWN.iter().filter_map(|signature| Function::parse(signature).ok()).any(|function| function.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_one_and_known_selectors_are_theirs() {
        for signature in STANDARD.iter().chain(CONTROL).chain(WELL_KNOWN) {
            let function = Function::parse(signature).expect(signature);
            assert!(by_selector(function.selector().0).is_some(), "{signature}");
        }
        for (selector, name) in [
            ([0xa9, 0x05, 0x9c, 0xbb], "transfer"),
            ([0x09, 0x5e, 0xa7, 0xb3], "approve"),
            ([0x42, 0x84, 0x2e, 0x0e], "safeTransferFrom"),
            ([0xf2, 0x42, 0x43, 0x2a], "safeTransferFrom"),
            ([0xa2, 0x2c, 0xb4, 0x65], "setApprovalForAll"),
            ([0xd5, 0x05, 0xac, 0xcf], "permit"),
            ([0x6a, 0x76, 0x12, 0x02], "execTransaction"),
            ([0x82, 0xad, 0x56, 0xcb], "aggregate3"),
        ] {
            assert_eq!(by_selector(selector).map(|(_, function)| function.name.as_str()), Some(name));
        }
    }
}
