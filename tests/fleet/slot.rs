//! A range of loopback addresses that belongs to one fleet.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::process;

use anyhow::{Result, bail};

use super::SSH_PORT;

/// 127.x.y.0/24, reserved by listening on its last address. The kernel releases it when the process ends, however that happens.
#[derive(Debug)]
pub struct Slot {
    network: [u8; 3],
    _claim: TcpListener,
}

impl Slot {
    /// The most servers in one.
    pub const SIZE: usize = 250;

    /// Reserves a free one. Each process begins its search at a different place, so that a range just released is seldom met.
    pub fn take() -> Result<Self> {
        let begin = process::id().wrapping_mul(7919);
        for offset in 0..60 * 256 {
            let [.., x, y] = (begin.wrapping_add(offset) % (60 * 256)).to_be_bytes();
            let network = [127, 100 + x, y];
            let claim = SocketAddrV4::new(Ipv4Addr::new(127, 100 + x, y, 254), SSH_PORT);
            if let Ok(claim) = TcpListener::bind(claim) {
                return Ok(Self { network, _claim: claim });
            }
        }
        bail!("no free stretch of addresses in 127.100.0.0 to 127.159.255.0");
    }

    /// Returns the address of the server with this index.
    pub fn address(&self, index: usize) -> Ipv4Addr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, u8::try_from(index + 1).unwrap_or(u8::MAX))
    }

    /// Returns the address of the source control server.
    pub fn sources(&self) -> Ipv4Addr {
        self.address(Self::SIZE + 1)
    }
}
