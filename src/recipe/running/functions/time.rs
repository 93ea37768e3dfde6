//! Functions for time. A moment is the number of seconds since 1970, a format has strftime's letters.

use std::rc::Rc;
use std::time::Duration;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use rhai::{Dynamic, Engine, FLOAT, INT, Position};

use super::super::interpreter::Interpreter;
use crate::recipe::language::origin::{Fallible, wrong};

/// Registers the functions.
pub(super) fn register(engine: &mut Engine, interpreter: &Rc<Interpreter>) {
    let clock = interpreter.clone();
    engine.register_fn("utc_now", move |format: &str| {
        let now = || written("utc_now", BrokenDownTime::from(clock.mode().now()), format).map(Dynamic::from);
        clock.recorded("utc_now", format, now)
    });
    let clock = interpreter.clone();
    engine.register_fn("now", move |format: &str| {
        // In a test it is always UTC.
        let here = || match clock.mode().trial() {
            Some(trial) => BrokenDownTime::from(trial.now()),
            None => BrokenDownTime::from(&ZonedDateTime::now()),
        };
        let now = || written("now", here(), format).map(Dynamic::from);
        clock.recorded("now", format, now)
    });
    let clock = interpreter.clone();
    engine.register_fn("unix_time", move || {
        clock.recorded("unix_time", "", || Ok(clock.mode().now().as_second().into()))
    });
    engine.register_fn("format_time", |seconds: INT, format: &str| -> Fallible<String> {
        let moment =
            Timestamp::from_second(seconds).map_err(|_| wrong("there is no time so far from now", Position::NONE))?;
        written("format_time", BrokenDownTime::from(moment), format)
    });
    engine.register_fn("parse_time", |text: &str, format: &str| -> Fallible<INT> {
        moment(text, format).map_err(|_| {
            let message = "`parse_time' finds no time of that format in the string";
            wrong(message, Position::NONE)
        })
    });
    let waiting = interpreter.clone();
    engine.register_fn("sleep", move |seconds: INT| wait(&waiting, seconds as FLOAT));
    let waiting = interpreter.clone();
    engine.register_fn("sleep", move |seconds: FLOAT| wait(&waiting, seconds));
}

fn wait(interpreter: &Interpreter, seconds: FLOAT) -> Fallible<()> {
    let long = Duration::try_from_secs_f64(seconds)
        .map_err(|_| wrong("`sleep' waits for a number of seconds from 0 on", Position::NONE))?;
    let slept = || {
        interpreter
            .stops()
            .pause(interpreter.mode(), long)
            .map(|()| Dynamic::UNIT)
    };
    interpreter.recorded("sleep", &seconds.to_string(), slept).map(drop)
}

fn written(function: &str, time: BrokenDownTime, format: &str) -> Fallible<String> {
    time.to_string(format).map_err(|error| {
        let message = format!("`{function}' cannot write the time that way: {error}");
        wrong(message, Position::NONE)
    })
}

fn moment(text: &str, format: &str) -> Result<INT, jiff::Error> {
    let read = BrokenDownTime::parse(format, text)?;
    if let Ok(moment) = read.to_timestamp() {
        return Ok(moment.as_second());
    }
    let moment = match read.to_datetime() {
        Ok(moment) => moment,
        Err(_) => read.to_date()?.to_datetime(jiff::civil::Time::midnight()),
    };
    Ok(TimeZone::UTC.to_timestamp(moment)?.as_second())
}
