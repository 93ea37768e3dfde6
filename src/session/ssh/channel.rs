//! libssh2's channels without their blocking parts, and its hooks. All `unsafe` code of sessions is in this file.
//!
//! A [`SessionLink`] and its [`Channel`]s belong to one thread, and to one live `ssh2::Session` that the owner keeps longer than
//! them. On a non-blocking session no call here blocks: a call that cannot be finished now returns `WouldBlock` and has to be
//! repeated.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr;

use libssh2_sys as raw;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv, sockopt};

use crate::exit::Stream;
use crate::io_error::plain;
use crate::session::Terminal;

use super::exchange;

unsafe extern "C" {
    // These functions are in the C library since the snapshot that libssh2-sys 0.3.4 builds, but it does not declare them.
    fn libssh2_channel_has_exit_status(channel: *mut raw::LIBSSH2_CHANNEL) -> c_int;
    fn libssh2_channel_signal_ex(channel: *mut raw::LIBSSH2_CHANNEL, name: *const c_char, length: usize) -> c_int;
    fn libssh2_userauth_publickey(
        session: *mut raw::LIBSSH2_SESSION,
        user: *const c_char,
        public_key: *const u8,
        public_key_length: usize,
        sign: extern "C" fn(
            *mut raw::LIBSSH2_SESSION,
            *mut *mut u8,
            *mut usize,
            *const u8,
            usize,
            *mut *mut c_void,
        ) -> c_int,
        state: *mut *mut c_void,
    ) -> c_int;
    fn libssh2_session_set_read_timeout(session: *mut raw::LIBSSH2_SESSION, seconds: std::ffi::c_long);
    fn libssh2_session_callback_set2(
        session: *mut raw::LIBSSH2_SESSION,
        kind: c_int,
        callback: Option<Hook>,
    ) -> Option<Hook>;
    fn libssh2_version(required: c_int) -> *const c_char;
    // libssh2's default allocator: it frees the signature that the hook returns.
    fn malloc(size: usize) -> *mut c_void;
    #[cfg(target_os = "linux")]
    fn malloc_usable_size(memory: *mut c_void) -> usize;
}

/// The reason that is given when the server, or somebody in between, violates the protocol.
pub(super) const CORRUPT: &str = "what arrives from the server is corrupt";

/// The type of the hook that is called for each channel to the agent that the server opens.
type AgentHook = extern "C" fn(*mut raw::LIBSSH2_SESSION, *mut raw::LIBSSH2_CHANNEL, *mut *mut c_void);

/// The type of the hook that is called for the server's disconnect message: session, reason, text and its length, language and
/// its length, state.
type GoodbyeHook =
    extern "C" fn(*mut raw::LIBSSH2_SESSION, c_int, *const c_char, c_int, *const c_char, c_int, *mut *mut c_void);

/// The type of the hook that receives in place of libssh2: socket, buffer and its length, flags, state; a negative result is an
/// error number.
type ReceiveHook = extern "C" fn(c_int, *mut c_void, usize, c_int, *mut *mut c_void) -> isize;

/// The type as which libssh2 takes any of these hooks.
type Hook = unsafe extern "C" fn();

/// libssh2.h: `LIBSSH2_CALLBACK_DISCONNECT`.
const GOODBYE_CALLBACK: c_int = 2;
/// libssh2.h: `LIBSSH2_CALLBACK_RECV`.
const RECEIVE_CALLBACK: c_int = 6;
/// libssh2.h: `LIBSSH2_CALLBACK_AUTHAGENT`.
const AGENT_CALLBACK: c_int = 7;

/// The number of bytes after which libssh2 is told that there is nothing more to read. It would read on as long as there is
/// something, but its caller has deadlines to keep.
const MOST_AT_ONCE: usize = 256 << 10;

// The hooks get no pointer of ours: libssh2 has only one for a session, and ssh2 uses that for a while. But a session is used by
// one thread at a time, and the same thread reads the hooks' notes right after the call.
thread_local! {
    static RECEIVED: Cell<usize> = const { Cell::new(0) };
    static PIECES: Cell<u64> = const { Cell::new(0) };
    static ENDING: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Returns a number that changes when a call of this thread has received something.
pub(super) fn received() -> u64 {
    PIECES.get()
}

/// Takes the reason why the connection ended, as the calls of this thread have seen it: the server's last message, or the
/// system's error. `None` if the connection has not ended.
pub(super) fn take_ending(socket: impl AsFd) -> Option<String> {
    // Calls that only sent have not noticed an end, so the socket is asked.
    ENDING.take().or_else(
        || match recv(socket, &mut [0; 1], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Some(CLOSED.to_owned()),
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => None,
            Err(error) => Some(plain(&error.into())),
        },
    )
}

/// Returns the reason why a connection on which no call succeeds any more has ended.
pub(super) fn reason_of_end(socket: impl AsFd) -> String {
    take_ending(&socket).unwrap_or_else(|| match sockopt::socket_error(&socket) {
        Ok(Err(error)) => plain(&error.into()),
        _ => CORRUPT.to_owned(),
    })
}

/// The number of bytes that each call counts for at least: libssh2 receives a greeting byte by byte.
const LEAST_AT_ONCE: usize = 64;

const CLOSED: &str = "the server closed the connection";

fn ended(how: impl FnOnce() -> String) {
    // An earlier message of the server says more, so it is kept.
    if ENDING.with_borrow(Option::is_none) {
        ENDING.set(Some(how()));
    }
}

extern "C" fn goodbye_hook(
    _session: *mut raw::LIBSSH2_SESSION,
    _reason: c_int,
    text: *const c_char,
    length: c_int,
    _language: *const c_char,
    _language_length: c_int,
    _state: *mut *mut c_void,
) {
    let Ok(length @ 1..) = usize::try_from(length) else {
        return;
    };
    if text.is_null() {
        return;
    }
    // SAFETY: libssh2 passes `text` as valid for `length` bytes.
    let text = String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) }).into_owned();
    let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
    ENDING.set(Some(format!("{CLOSED}: {text}")));
}

/// Returns the version of libssh2: `1.11.1`.
pub(super) fn version() -> String {
    // SAFETY: no version is required, so a string comes back that lives as long as the program.
    let version = unsafe { libssh2_version(0) };
    if version.is_null() {
        return String::new();
    }
    // SAFETY: it is such a string, which ends with a NUL.
    unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned()
}

extern "C" fn receive_hook(
    socket: c_int,
    buffer: *mut c_void,
    length: usize,
    flags: c_int,
    _state: *mut *mut c_void,
) -> isize {
    let again = -isize::try_from(Errno::AGAIN.raw_os_error()).unwrap_or(isize::MAX);
    if RECEIVED.get() >= MOST_AT_ONCE {
        RECEIVED.set(0);
        return again;
    }
    // SAFETY: libssh2 passes the session's socket, which its owner keeps open, and a buffer of `length` bytes.
    let (socket, buffer) = unsafe {
        let buffer = std::slice::from_raw_parts_mut(buffer.cast::<MaybeUninit<u8>>(), length);
        (BorrowedFd::borrow_raw(socket), buffer)
    };
    match recv(socket, buffer, RecvFlags::from_bits_retain(flags.cast_unsigned())) {
        Ok(((seen, _), count)) => {
            exchange::hear(seen);
            RECEIVED.set(RECEIVED.get() + count.max(LEAST_AT_ONCE));
            PIECES.set(PIECES.get().wrapping_add(1));
            if count == 0 && length > 0 {
                ended(|| CLOSED.to_owned());
            }
            isize::try_from(count).unwrap_or(isize::MAX)
        }
        Err(Errno::AGAIN | Errno::INTR) => again,
        Err(error) => {
            ended(|| plain(&error.into()));
            -isize::try_from(error.raw_os_error()).unwrap_or(isize::MAX)
        }
    }
}

/// The number of the standard error stream (RFC 4254, section 5.2).
const STDERR: c_int = 1;

/// The reason why a call did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The call has to be repeated when the socket is ready.
    WouldBlock,
    /// The server refused this request; the connection is fine.
    Denied(c_int),
    /// The connection cannot be used any more.
    Broken(c_int),
}

fn check(code: c_int) -> Result<(), Trouble> {
    match code {
        0.. => Ok(()),
        raw::LIBSSH2_ERROR_EAGAIN => Err(Trouble::WouldBlock),
        raw::LIBSSH2_ERROR_CHANNEL_FAILURE
        | raw::LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED
        | raw::LIBSSH2_ERROR_CHANNEL_CLOSED
        | raw::LIBSSH2_ERROR_CHANNEL_EOF_SENT
        | raw::LIBSSH2_ERROR_INVAL
        | raw::LIBSSH2_ERROR_OUT_OF_BOUNDARY
        | raw::LIBSSH2_ERROR_BUFFER_TOO_SMALL => Err(Trouble::Denied(code)),
        code => Err(Trouble::Broken(code)),
    }
}

/// The connection as libssh2 sees it, borrowed from an `ssh2::Session`.
#[derive(Clone, Copy)]
pub(super) struct SessionLink(*mut raw::LIBSSH2_SESSION);

impl SessionLink {
    /// Borrows a session, which must outlive the link and every channel opened through it, and stay on this thread.
    pub(super) fn new(session: &ssh2::Session) -> Self {
        Self(ptr::from_mut(&mut *session.raw()))
    }

    /// Turns off libssh2's limit of a minute for answers: capr has deadlines of its own.
    pub(super) fn wait_for_answers_without_limit(self) {
        // SAFETY: the session is live.
        unsafe { libssh2_session_set_read_timeout(self.0, 24 * 3600) }
    }

    /// Gives back the pages of a new session that hold only zeros; they read as zeros again when they are used. libssh2 clears
    /// the whole session, with two packet buffers of 35 KB, of which most servers fill no more than the beginning.
    #[cfg(target_os = "linux")]
    pub(super) fn give_back_unused(self) {
        use rustix::mm::{Advice, madvise};
        const ZEROS: [u8; 4096] = [0; 4096];
        let page = rustix::param::page_size();
        // SAFETY: libssh2 has allocated the session with `malloc`, so that all of its bytes are ours and initialized, and belong
        // to private anonymous memory, of which a page that is given back reads as zeros. Nothing else uses them meanwhile.
        unsafe {
            let start = self.0.cast::<u8>();
            let end = malloc_usable_size(start.cast());
            let mut at = start.align_offset(page);
            while at + page <= end {
                let first = start.add(at);
                let mut unused = 0;
                while at + page <= end
                    && std::slice::from_raw_parts(start.add(at), page)
                        .chunks(ZEROS.len())
                        .all(|part| part == ZEROS)
                {
                    unused += page;
                    at += page;
                }
                if unused > 0 {
                    let _ = madvise(first.cast(), unused, Advice::LinuxDontNeed);
                }
                at += page;
            }
        }
    }

    /// Sets the hooks: from now on no call receives without limit, and [`take_ending`] returns how the connection ended.
    pub(super) fn watch(self) {
        ENDING.set(None);
        exchange::listen();
        // SAFETY: the session is live; libssh2 calls each hook with the arguments of its type.
        unsafe {
            let goodbye = std::mem::transmute::<GoodbyeHook, Hook>(goodbye_hook);
            libssh2_session_callback_set2(self.0, GOODBYE_CALLBACK, Some(goodbye));
            let receive = std::mem::transmute::<ReceiveHook, Hook>(receive_hook);
            libssh2_session_callback_set2(self.0, RECEIVE_CALLBACK, Some(receive));
        }
    }

    /// Begins to open a channel, or continues to: only one can be opening at a time.
    pub(super) fn open(self) -> Result<Channel, Trouble> {
        let kind = "session";
        // SAFETY: the session is live; pointer and length describe `kind`, which the call copies or compares only.
        let channel = unsafe {
            raw::libssh2_channel_open_ex(
                self.0,
                kind.as_ptr().cast(),
                length(kind.as_bytes()),
                raw::LIBSSH2_CHANNEL_WINDOW_DEFAULT,
                raw::LIBSSH2_CHANNEL_PACKET_DEFAULT,
                ptr::null(),
                0,
            )
        };
        self.opened(channel)
    }

    /// Begins or continues to open a channel to another host, to which the server connects.
    pub(super) fn open_tunnel(self, host: &str, port: u16) -> Result<Channel, Trouble> {
        let Ok(host) = CString::new(host) else {
            return Err(Trouble::Denied(raw::LIBSSH2_ERROR_INVAL));
        };
        // SAFETY: the session is live; the strings end with a NUL and are copied.
        let channel = unsafe {
            raw::libssh2_channel_direct_tcpip_ex(self.0, host.as_ptr(), c_int::from(port), c"127.0.0.1".as_ptr(), 22)
        };
        self.opened(channel)
    }

    fn opened(self, channel: *mut raw::LIBSSH2_CHANNEL) -> Result<Channel, Trouble> {
        if !channel.is_null() {
            return Ok(Channel {
                link: self,
                raw: channel,
            });
        }
        // SAFETY: the session is live.
        let code = unsafe { raw::libssh2_session_last_errno(self.0) };
        match check(code) {
            Err(trouble) => Err(trouble),
            Ok(()) => Err(Trouble::Broken(code)),
        }
    }

    /// Returns true if the last call that would block waits until something can be sent.
    pub(super) fn waits_for_sending(self) -> bool {
        // SAFETY: the session is live.
        let directions = unsafe { raw::libssh2_session_block_directions(self.0) };
        // libssh2 says "neither" when another packet has to go out first.
        directions & raw::LIBSSH2_SESSION_BLOCK_OUTBOUND != 0 || directions == 0
    }

    /// Logs in with a key whose private half is elsewhere. `sign` is given the bytes to sign and returns the signature as the
    /// server is to get it, without the algorithm's name in front.
    pub(super) fn authenticate(
        self,
        user: &CStr,
        public_key: &[u8],
        sign: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Result<(), c_int> {
        let mut signer = Signer(sign);
        let mut state: *mut c_void = ptr::from_mut(&mut signer).cast();
        // SAFETY: all pointers are valid during the call; `state` leads `sign_hook` back to `signer`, which outlives it.
        let code = unsafe {
            libssh2_userauth_publickey(
                self.0,
                user.as_ptr(),
                public_key.as_ptr(),
                public_key.len(),
                sign_hook,
                &raw mut state,
            )
        };
        if code == 0 { Ok(()) } else { Err(code) }
    }
}

struct Signer<'a>(&'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>);

extern "C" fn sign_hook(
    _session: *mut raw::LIBSSH2_SESSION,
    signature: *mut *mut u8,
    signature_length: *mut usize,
    data: *const u8,
    data_length: usize,
    state: *mut *mut c_void,
) -> c_int {
    // SAFETY: `state` is what `authenticate` passed; the signer lives until that returns. libssh2 passes `data` as valid
    // for `data_length` bytes and takes over a buffer of its own allocator.
    unsafe {
        let signer = &mut *(*state).cast::<Signer<'_>>();
        let Some(bytes) = (signer.0)(std::slice::from_raw_parts(data, data_length)) else {
            return -1;
        };
        let buffer = malloc(bytes.len().max(1)).cast::<u8>();
        if buffer.is_null() {
            return -1;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr(), buffer, bytes.len());
        *signature = buffer;
        *signature_length = bytes.len();
    }
    0
}

/// Collects the channels to the agent that the server opens. It has to be dropped before the session.
pub(super) struct AgentDoor {
    link: SessionLink,
    arrived: Box<Arrived>,
}

type Arrived = RefCell<Vec<*mut raw::LIBSSH2_CHANNEL>>;

impl AgentDoor {
    /// Starts to collect. There may be one per session, and nothing else may use libssh2's "abstract" pointer of it from now on.
    pub(super) fn open(link: SessionLink) -> Self {
        let arrived: Box<Arrived> = Box::default();
        // SAFETY: the session is live; the hook finds the list behind a stable address, until `drop` takes both away.
        unsafe {
            *raw::libssh2_session_abstract(link.0) = ptr::from_ref::<Arrived>(&arrived).cast_mut().cast();
            let hook = std::mem::transmute::<AgentHook, Hook>(agent_hook);
            libssh2_session_callback_set2(link.0, AGENT_CALLBACK, Some(hook));
        }
        Self { link, arrived }
    }

    /// Returns the channels that have come since the last call.
    pub(super) fn arrived(&self) -> Vec<Channel> {
        let link = self.link;
        let channels = self.arrived.take();
        channels.into_iter().map(|raw| Channel { link, raw }).collect()
    }
}

impl Drop for AgentDoor {
    fn drop(&mut self) {
        // SAFETY: the session is live, as the owner keeps it longer than this.
        unsafe {
            libssh2_session_callback_set2(self.link.0, AGENT_CALLBACK, None);
            *raw::libssh2_session_abstract(self.link.0) = ptr::null_mut();
        }
    }
}

extern "C" fn agent_hook(
    _session: *mut raw::LIBSSH2_SESSION,
    channel: *mut raw::LIBSSH2_CHANNEL,
    state: *mut *mut c_void,
) {
    // SAFETY: `state` leads to the list that `AgentDoor::open` put there, which is only used on this thread, and never
    // during a call into libssh2.
    unsafe {
        if let Some(arrived) = (*state).cast::<Arrived>().as_ref() {
            arrived.borrow_mut().push(channel);
        }
    }
}

/// A channel of a session. It has no `Drop`: either [`Channel::free`] is called until it is done, or the whole session is freed.
pub(super) struct Channel {
    link: SessionLink,
    raw: *mut raw::LIBSSH2_CHANNEL,
}

// SAFETY of all calls below: the channel is live until `free` has returned Ok, after which the owner drops it; every slice that
// is passed is valid during the call.
impl Channel {
    /// Asks for a terminal.
    pub(super) fn request_terminal(&mut self, terminal: Terminal) -> Result<(), Trouble> {
        let name = "xterm";
        check(unsafe {
            raw::libssh2_channel_request_pty_ex(
                self.raw,
                name.as_ptr().cast(),
                length(name.as_bytes()),
                ptr::null(),
                0,
                c_int::from(terminal.columns),
                c_int::from(terminal.rows),
                0,
                0,
            )
        })
    }

    /// Asks the server to let its commands use our agent; it accepts this request once per connection.
    pub(super) fn request_agent(&mut self) -> Result<(), Trouble> {
        check(unsafe { raw::libssh2_channel_request_auth_agent(self.raw) })
    }

    /// Starts a command.
    pub(super) fn exec(&mut self, line: &str) -> Result<(), Trouble> {
        let request = "exec";
        if c_uint::try_from(line.len()).is_err() {
            return Err(Trouble::Denied(raw::LIBSSH2_ERROR_OUT_OF_BOUNDARY));
        }
        check(unsafe {
            raw::libssh2_channel_process_startup(
                self.raw,
                request.as_ptr().cast(),
                length(request.as_bytes()),
                line.as_ptr().cast(),
                length(line.as_bytes()),
            )
        })
    }

    /// Reads what has arrived; returns 0 at the end of the stream.
    pub(super) fn read(&mut self, stream: Stream, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let number = match stream {
            Stream::Out => 0,
            Stream::Err => STDERR,
        };
        let count = unsafe { raw::libssh2_channel_read_ex(self.raw, number, buffer.as_mut_ptr().cast(), buffer.len()) };
        counted(count)
    }

    /// Writes as much as fits. After `WouldBlock` the same bytes have to be passed again.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, Trouble> {
        let count = unsafe { raw::libssh2_channel_write_ex(self.raw, 0, bytes.as_ptr().cast(), bytes.len()) };
        counted(count)
    }

    /// Ends the command's input.
    pub(super) fn send_eof(&mut self) -> Result<(), Trouble> {
        check(unsafe { raw::libssh2_channel_send_eof(self.raw) })
    }

    /// Sends a signal to the command's process group; the name is given without `SIG`.
    pub(super) fn signal(&mut self, name: &str) -> Result<(), Trouble> {
        check(unsafe { libssh2_channel_signal_ex(self.raw, name.as_ptr().cast(), name.len()) })
    }

    /// Returns true if all output was read.
    pub(super) fn at_eof(&self) -> bool {
        unsafe { raw::libssh2_channel_eof(self.raw) == 1 }
    }

    /// Returns the exit status, if one was received.
    pub(super) fn exit_status(&self) -> Option<i32> {
        unsafe {
            (libssh2_channel_has_exit_status(self.raw) != 0).then(|| raw::libssh2_channel_get_exit_status(self.raw))
        }
    }

    /// Returns the name of the signal that ended the command, if one was received.
    pub(super) fn exit_signal(&self) -> Option<String> {
        let mut name: *mut c_char = ptr::null_mut();
        let mut length = 0;
        // SAFETY: only the first pair of out-pointers is asked for; the string belongs to us and is freed after it was copied.
        unsafe {
            let code = raw::libssh2_channel_get_exit_signal(
                self.raw,
                &raw mut name,
                &raw mut length,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            );
            if code != 0 || name.is_null() {
                return None;
            }
            let text = String::from_utf8_lossy(std::slice::from_raw_parts(name.cast::<u8>(), length)).into_owned();
            raw::libssh2_free(self.link.0, name.cast());
            Some(text)
        }
    }

    /// Waits, after the end of the output, until the server has closed the channel.
    pub(super) fn wait_closed(&mut self) -> Result<(), Trouble> {
        check(unsafe { raw::libssh2_channel_wait_closed(self.raw) })
    }

    /// Closes and frees the channel. It may be called again after `WouldBlock`, but never after another result.
    pub(super) fn free(&mut self) -> Result<(), Trouble> {
        check(unsafe { raw::libssh2_channel_free(self.raw) })
    }
}

fn counted(count: isize) -> Result<usize, Trouble> {
    match usize::try_from(count) {
        Ok(count) => Ok(count),
        Err(_) => Err(check(c_int::try_from(count).unwrap_or(c_int::MIN))
            .err()
            .unwrap_or(Trouble::Broken(c_int::MIN))),
    }
}

// A length that does not fit becomes 0: too short is safe where too long would not be.
fn length(bytes: &[u8]) -> c_uint {
    c_uint::try_from(bytes.len()).unwrap_or(0)
}
