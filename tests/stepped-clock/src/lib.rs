//! Replaces the functions of libc that read the wall clock, so that a test can step the clock of one server.
//!
//! With `LD_PRELOAD` the server reads the real time plus an offset in milliseconds. The offset is an `i64` in the
//! machine's byte order at the start of the file that `STEPPED_CLOCK_FILE` names. The file is mapped once, so a write to
//! it steps the clock at once. Without the file the offset is 0. The monotonic clocks stay as they are.
//!
//! Redis' allocator reads the clock before `main`, so nothing here allocates or looks up a symbol.
#![cfg(target_os = "linux")]

use std::{
    mem::MaybeUninit,
    ptr::null_mut,
    sync::atomic::{AtomicI64, AtomicPtr, Ordering},
};

use libc::{
    CLOCK_REALTIME, CLOCK_REALTIME_COARSE, c_int, c_void, clockid_t, time_t, timespec, timeval,
};

/// The offset where there is no file.
static NO_OFFSET: AtomicI64 = AtomicI64::new(0);
/// The offset in milliseconds, null until the first call.
static OFFSET: AtomicPtr<AtomicI64> = AtomicPtr::new(null_mut());

const NANOS_IN_MS: i64 = 1_000_000;
const NANOS_IN_SECOND: i64 = 1_000_000_000;

/// Reads a clock; the real-time clocks with the offset.
///
/// # Safety
///
/// `time` must be null or valid for writes, as for the function of libc.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    // SAFETY: the caller vouches for `time`, which the kernel checks as well.
    let status = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if status == 0 && matches!(clock, CLOCK_REALTIME | CLOCK_REALTIME_COARSE) {
        // SAFETY: the kernel has just written to it.
        step(unsafe { &mut *time });
    }
    if status == 0 { 0 } else { -1 }
}

/// Reads the time of day with the offset.
///
/// # Safety
///
/// `time` must be null or valid for writes. The zone is obsolete and ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(time: *mut timeval, _zone: *mut c_void) -> c_int {
    let now = now();
    if !time.is_null() {
        let new = timeval {
            tv_sec: now.tv_sec,
            tv_usec: now.tv_nsec / 1000,
        };
        // SAFETY: the caller vouches for it.
        unsafe { time.write(new) };
    }
    0
}

/// Reads the time in seconds with the offset.
///
/// # Safety
///
/// `seconds` must be null or valid for writes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(seconds: *mut time_t) -> time_t {
    let now = now().tv_sec;
    if !seconds.is_null() {
        // SAFETY: the caller vouches for it.
        unsafe { seconds.write(now) };
    }
    now
}

fn now() -> timespec {
    let mut time = MaybeUninit::<timespec>::zeroed();
    // SAFETY: the pointer is valid, and zero is a valid time if the call fails.
    unsafe {
        clock_gettime(CLOCK_REALTIME, time.as_mut_ptr());
        time.assume_init()
    }
}

fn step(time: &mut timespec) {
    let offset = offset().load(Ordering::Relaxed);
    let nanos = time.tv_nsec + offset % 1000 * NANOS_IN_MS;
    time.tv_sec += offset / 1000 + nanos.div_euclid(NANOS_IN_SECOND);
    time.tv_nsec = nanos.rem_euclid(NANOS_IN_SECOND);
}

fn offset() -> &'static AtomicI64 {
    let mut offset = OFFSET.load(Ordering::Acquire);
    if offset.is_null() {
        // Two threads may both map the file: they see the same bytes.
        offset = map().unwrap_or(&raw const NO_OFFSET).cast_mut();
        OFFSET.store(offset, Ordering::Release);
    }
    // SAFETY: it points to a static or to a mapping that is never removed. Only atomic reads happen through it.
    unsafe { &*offset }
}

/// Maps the file for the life of the process.
fn map() -> Option<*const AtomicI64> {
    // SAFETY: the path comes from the environment, which no server changes while it starts. The mapping is page-aligned.
    let mapping = unsafe {
        let path = libc::getenv(c"STEPPED_CLOCK_FILE".as_ptr());
        if path.is_null() {
            return None;
        }
        let file = libc::open(path, libc::O_RDONLY | libc::O_CLOEXEC);
        let mapping = libc::mmap(
            null_mut(),
            size_of::<AtomicI64>(),
            libc::PROT_READ,
            libc::MAP_SHARED,
            file,
            0,
        );
        libc::close(file);
        mapping
    };
    (mapping != libc::MAP_FAILED).then_some(mapping.cast_const().cast())
}
