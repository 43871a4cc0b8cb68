//! What looks dangerous and is not: the record is forwarded when it went as it should, rejected when it did not.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant, SystemTime};
use zoo_bindings::Draft;
use zoo_bindings::wasmill::plugin::telemetry::{Level, log, panicked};

pub(super) fn commit(fault: &[u8], draft: &mut Draft) -> bool {
    let went = match fault {
        b"drop" => {
            draft.skip();
            return true;
        }
        b"nth" => {
            assert!(!super::trap::is_nth(), "this one is one too many");
            Ok(())
        }
        b"socket" => refused(std::net::TcpStream::connect("127.0.0.1:80"), ErrorKind::PermissionDenied),
        b"bind" => refused(std::net::TcpListener::bind("127.0.0.1:0"), ErrorKind::PermissionDenied),
        b"resolve" => match std::net::ToSocketAddrs::to_socket_addrs("localhost:80") {
            Ok(addresses) => Err(format!("resolved to {:?}", addresses.collect::<Vec<_>>())),
            Err(_) => Ok(()),
        },
        b"file" => refused(std::fs::read("/etc/passwd"), ErrorKind::NotFound),
        b"file-written" => refused(std::fs::write("out.txt", "x"), ErrorKind::NotFound),
        b"environment" => empty(std::env::vars().count() + std::env::args().count(), "variables and arguments"),
        b"stdin" => {
            let mut read = Vec::new();
            match std::io::stdin().read_to_end(&mut read) {
                Ok(bytes) => empty(bytes, "bytes of standard input"),
                Err(error) => Err(error.to_string()),
            }
        }
        b"sleep" => {
            std::thread::sleep(Duration::from_secs(3600));
            Ok(())
        }
        b"clock" => {
            let (wall, monotonic) = (SystemTime::now(), Instant::now());
            std::thread::sleep(Duration::from_millis(50));
            let still = wall.elapsed().is_ok_and(|passed| passed.is_zero()) && monotonic.elapsed().is_zero();
            if still { Ok(()) } else { Err("time passed in a call".to_owned()) }
        }
        b"flood" => {
            for _ in 0..2000 {
                log(Level::Info, Some(0), "a line of some thirty characters");
            }
            Ok(())
        }
        b"flood-stdout" => flood(std::io::stdout()),
        b"flood-stderr" => flood(std::io::stderr()),
        b"log-long" => {
            log(Level::Warn, Some(u32::MAX), &"x\n\u{7f}\u{1b}[31m".repeat(100_000));
            Ok(())
        }
        b"panicked-only" => {
            panicked(Some(u32::MAX), "it was not that bad", "nowhere");
            Ok(())
        }
        _ => return false,
    };
    match went {
        Ok(()) => draft.forward(0),
        Err(words) => draft.reject(b"other-than-expected", &words.as_bytes()[..words.len().min(1024)]),
    }
    true
}

fn refused<T>(went: std::io::Result<T>, expected: ErrorKind) -> Result<(), String> {
    match went {
        Ok(_) => Err("was allowed".to_owned()),
        Err(error) if error.kind() == expected => Ok(()),
        Err(error) => Err(format!("{:?}: {error}", error.kind())),
    }
}

fn empty(count: usize, what: &str) -> Result<(), String> {
    if count == 0 { Ok(()) } else { Err(format!("{count} {what}")) }
}

/// A closed stream would be an error here, and a panic in `println!`.
fn flood(mut to: impl Write) -> Result<(), String> {
    for _ in 0..2000 {
        to.write_all(b"a line of some thirty characters\n").map_err(|error| error.to_string())?;
    }
    to.flush().map_err(|error| error.to_string())
}
