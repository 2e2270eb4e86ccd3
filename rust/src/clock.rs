//! `strftime_now(format)`: the C library's strftime, which is what Python calls, on local time or on a
//! time that the caller gives.

use std::ffi::CString;

use minijinja::{Error, ErrorKind};

/// A wall clock's reading, as if it were UTC: seconds since 1970.
pub struct Clock {
    seconds: libc::time_t,
    microseconds: u32,
}

impl Clock {
    /// `now`: "2026-01-31T12:00:00", fraction and zone ignored; None: the machine's local time.
    pub fn new(now: Option<&str>) -> Result<Clock, String> {
        let Some(text) = now else {
            return Ok(Clock::of_machine());
        };
        let wrong = || format!("\"{text}\" is not a time; write it as 2026-01-31T12:00:00");
        let (date, hours) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
        let hours = hours.split(['.', 'Z', '+']).next().unwrap_or(hours);
        let numbers: Vec<i32> = date
            .split('-')
            .chain(hours.split(':'))
            .map(|part| part.parse().map_err(|_| wrong()))
            .collect::<Result<_, _>>()?;
        let (&[year, month, day, hour, minute], second) = match numbers.as_slice() {
            [rest @ .., second] if rest.len() == 5 => {
                (rest.try_into().map_err(|_| wrong())?, *second)
            }
            rest => (rest.try_into().map_err(|_| wrong())?, 0),
        };
        // SAFETY: tm is plain data, which timegm reads and puts in order.
        let mut time: libc::tm = unsafe { std::mem::zeroed() };
        (time.tm_year, time.tm_mon, time.tm_mday) = (year - 1900, month - 1, day);
        (time.tm_hour, time.tm_min, time.tm_sec) = (hour, minute, second);
        let seconds = unsafe { libc::timegm(&mut time) };
        if (time.tm_mon, time.tm_mday, time.tm_hour, time.tm_min) != (month - 1, day, hour, minute)
        {
            return Err(wrong());
        }
        Ok(Clock { seconds, microseconds: 0 })
    }

    fn of_machine() -> Clock {
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs() as libc::time_t;
        // SAFETY: localtime_r fills the plain data it is given, timegm reads it.
        let mut time: libc::tm = unsafe { std::mem::zeroed() };
        unsafe { libc::localtime_r(&seconds, &mut time) };
        Clock { seconds: unsafe { libc::timegm(&mut time) }, microseconds: since.subsec_micros() }
    }

    pub fn format(&self, format: &str) -> Result<String, Error> {
        // Python replaces these itself; a time without a zone has none to name.
        let mut own = String::new();
        let mut rest = format.chars();
        while let Some(c) = rest.next() {
            match (c, rest.clone().next()) {
                ('%', Some('f')) => own += &format!("{:06}", self.microseconds),
                ('%', Some('z' | 'Z')) => {}
                ('%', Some(other)) => own.extend(['%', other]),
                _ => {
                    own.push(c);
                    continue;
                }
            }
            rest.next();
        }
        if own.is_empty() {
            return Ok(own);
        }
        let wrong = |why: &str| {
            Error::new(ErrorKind::InvalidOperation, format!("strftime_now({format:?}): {why}"))
        };
        let pattern = CString::new(own).map_err(|_| wrong("holds a zero byte"))?;
        let mut text = vec![0u8; 256 + 16 * format.len()];
        // SAFETY: gmtime_r fills the plain data; the buffer's size is given; the pattern ends in a zero byte.
        let mut time: libc::tm = unsafe { std::mem::zeroed() };
        unsafe { libc::gmtime_r(&self.seconds, &mut time) };
        let size = unsafe {
            libc::strftime(text.as_mut_ptr().cast(), text.len(), pattern.as_ptr(), &time)
        };
        text.truncate(size);
        String::from_utf8(text).map_err(|_| wrong("gives invalid UTF-8"))
    }
}

#[cfg(test)]
mod checks {
    use super::Clock;

    #[test]
    fn times_are_read_and_written() {
        let written = |time, format| Clock::new(Some(time)).unwrap().format(format).unwrap();
        assert_eq!(written("2026-01-31T23:59:58", "%d %b %Y %H:%M:%S"), "31 Jan 2026 23:59:58");
        assert_eq!(written("2024-02-29 07:05", "%-d %j %% %f%Z"), "29 060 % 000000");
        assert_eq!(written("2024-12-30T01:02:03.5+02:00", "%H %A"), "01 Monday");
        for wrong in ["yesterday", "2026-02-31", "2026-01-31T25:00:00", "2026-01", ""] {
            assert!(Clock::new(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
