//! Replaces `connect` of libc, so that a test can cut the route of one process to one TCP port.
//!
//! With `LD_PRELOAD` a connection to the port that `CUT_ROUTE_PORT` names fails with "network is unreachable" while the file
//! exists that `CUT_ROUTE_FILE` names. Other processes reach the port all the same, and so does this one without the file.
#![cfg(target_os = "linux")]

use std::ffi::CStr;

use libc::{c_int, sockaddr, sockaddr_in, socklen_t};

/// Connects a socket, unless the route is cut.
///
/// # Safety
///
/// `address` must be valid for `length` bytes, as for the function of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn connect(
    socket: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: the caller vouches for `address`.
    let is_cut = unsafe { port(address, length) }.is_some_and(is_cut);
    if is_cut {
        // SAFETY: the place belongs to this thread.
        unsafe { *libc::__errno_location() = libc::ENETUNREACH };
        return -1;
    }
    // SAFETY: the caller vouches for `address`, which the kernel checks as well.
    let status = unsafe { libc::syscall(libc::SYS_connect, socket, address, length) };
    if status == 0 { 0 } else { -1 }
}

/// The TCP port of an address.
///
/// # Safety
///
/// `address` must be null or valid for `length` bytes.
unsafe fn port(address: *const sockaddr, length: socklen_t) -> Option<u16> {
    if address.is_null() || (length as usize) < size_of::<sockaddr_in>() {
        return None;
    }
    // SAFETY: it is long enough. The caller may have stored it anywhere, so nothing assumes an alignment.
    let (family, port) = unsafe {
        let family = (&raw const (*address).sa_family).read_unaligned();
        // The port stands at the same place in both families.
        let port = address.cast::<[u8; 2]>().add(1).read_unaligned();
        (c_int::from(family), port)
    };
    matches!(family, libc::AF_INET | libc::AF_INET6).then(|| u16::from_be_bytes(port))
}

fn is_cut(port: u16) -> bool {
    // SAFETY: the names end with zero, and the process does not change its environment.
    unsafe {
        let (cut, file) = (
            libc::getenv(c"CUT_ROUTE_PORT".as_ptr()),
            libc::getenv(c"CUT_ROUTE_FILE".as_ptr()),
        );
        if cut.is_null() || file.is_null() {
            return false;
        }
        let cut = CStr::from_ptr(cut).to_str().unwrap_or_default();
        cut.parse() == Ok(port) && libc::access(file, libc::F_OK) == 0
    }
}
