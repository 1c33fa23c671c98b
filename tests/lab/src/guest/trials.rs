//! The trials: what is done to scanners and box, and what has to come of it.

use std::time::Duration;

use tidemark_daemon::clock::Clock;
use tidemark_fleet::chance::Chance;

use super::holder::Holder;
use super::laboratory::{Laboratory, Place, ean13, places};
use super::permissions::{self, HeldBack};
use crate::Trouble;
use crate::model::{Model, Signal};
use crate::pause::{pause, wait_for};
use crate::report::{Cell, Trial};
use crate::scanner::Scanner;

const GONE: &str = "TM-4001";
const BUSY: &str = "TM-4002";
const BEEPS_BY_ITSELF: &str = "TM-4003";
const DENIED: &str = "TM-4011";
/// Conditions of a scanner that is not heard.
pub(crate) const UNHEARD: [&str; 3] = [GONE, BUSY, DENIED];

/// Scans and kills of the last trial.
const SCANS: u64 = 10;
const KILLS_EVERY: u64 = 3;
/// A kill comes at most so many milliseconds after its scan.
const KILL_WITHIN: u64 = 120;
/// What was signalled before a kill is heard within this time.
const HEARD_WITHIN: Duration = Duration::from_millis(500);

/// Carries out one trial, with all scanners out at its end.
pub(crate) fn run(laboratory: &mut Laboratory, model: Model, trial: Trial) -> Cell {
    let clock = Clock::start();
    let before = laboratory.books.len();
    laboratory.words.clear();
    let [first, second] = places(model);
    let tried = match trial {
        Trial::Before => before_start(laboratory, model, &first),
        Trial::After => after_start(laboratory, model, &first),
        Trial::Pulled => pulled(laboratory, model, &first),
        Trial::OtherPort => other_port(laboratory, model, &first, &second),
        Trial::TwoAlike => two_alike(laboratory, model, &first, &second),
        Trial::Busy => busy(laboratory, model, &first),
        Trial::NotYetAllowed => not_yet_allowed(laboratory, model, &first),
        Trial::Killed => killed(laboratory, model, &first),
    };
    let put_away = [&first, &second].into_iter().try_for_each(|place| {
        wait_for("the ports to be empty", || place.port.is_empty())?;
        // Else the next one would be met by the end of this one.
        if laboratory.edge.runs() { laboratory.edge.wait_present(place.port, false) } else { Ok(()) }
    });
    let outcome = tried.and(put_away).map(|()| laboratory.books.len() - before);
    Cell {
        model,
        trial,
        outcome: outcome.map_err(|trouble| trouble.to_string()),
        words: std::mem::take(&mut laboratory.words),
        seconds: clock.elapsed().as_secs(),
    }
}

fn plug(model: Model, serial: &str, place: &Place) -> Result<Scanner, Trouble> {
    let scanner = Scanner::plug(model, serial, place.port)?;
    wait_for("the kernel to make a file for the scanner", || place.port.node(model))?;
    Ok(scanner)
}

/// Waits until the box hears a scanner and has nothing to say against it.
fn ready(laboratory: &Laboratory, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.wait_ready(place.port)?;
    laboratory.edge.wait_untroubled(place.port)
}

fn before_start(laboratory: &mut Laboratory, model: Model, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.stop()?;
    let scanner = plug(model, "0001", place)?;
    permissions::settle()?;
    laboratory.edge.start()?;
    ready(laboratory, place)?;
    laboratory.scan_some(&scanner, place, 3)?;
    if model.hears() { Ok(()) } else { laboratory.told(BEEPS_BY_ITSELF, place, "USB HID POS") }
}

fn after_start(laboratory: &mut Laboratory, model: Model, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.start()?;
    laboratory.told(GONE, place, "no such port")?;
    let scanner = plug(model, "0001", place)?;
    ready(laboratory, place)?;
    laboratory.scan_some(&scanner, place, 3)
}

fn pulled(laboratory: &mut Laboratory, model: Model, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.start()?;
    let scanner = plug(model, "0001", place)?;
    ready(laboratory, place)?;
    laboratory.scan(&scanner, place)?;
    let before = laboratory.edge.tail()?;
    let article = laboratory.code()?;
    scanner.begin(article.gtin.to_string().get(1..).unwrap_or_default())?;
    drop(scanner);
    laboratory.edge.wait_present(place.port, false)?;
    laboratory.told(GONE, place, "")?;
    let scanner = plug(model, "0001", place)?;
    ready(laboratory, place)?;
    let after = laboratory.edge.tail()?;
    if after != before {
        return Err(format!("half a code became {} movements", after.saturating_sub(before)).into());
    }
    laboratory.scan_code(&scanner, place, &article)?;
    laboratory.scan(&scanner, place)
}

fn other_port(laboratory: &mut Laboratory, model: Model, first: &Place, second: &Place) -> Result<(), Trouble> {
    laboratory.edge.start()?;
    let scanner = plug(model, "0001", first)?;
    ready(laboratory, first)?;
    laboratory.scan(&scanner, first)?;
    drop(scanner);
    // The same scanner belongs to another lane now.
    let moved = plug(model, "0001", second)?;
    ready(laboratory, second)?;
    laboratory.scan_some(&moved, second, 2)?;
    laboratory.edge.wait_present(first.port, false)?;
    laboratory.told(GONE, first, "")?;
    // And another one goes on in its place.
    let other = plug(model, "0002", first)?;
    ready(laboratory, first)?;
    laboratory.scan(&other, first)?;
    laboratory.scan(&moved, second)
}

fn two_alike(laboratory: &mut Laboratory, model: Model, first: &Place, second: &Place) -> Result<(), Trouble> {
    laboratory.edge.start()?;
    let (one, other) = (plug(model, "0001", first)?, plug(model, "0001", second)?);
    ready(laboratory, first)?;
    ready(laboratory, second)?;
    for _ in 0..2 {
        laboratory.scan(&one, first)?;
        laboratory.scan(&other, second)?;
    }
    // One goes, and the other one is not disturbed.
    drop(one);
    laboratory.edge.wait_present(first.port, false)?;
    laboratory.scan_some(&other, second, 2)
}

fn busy(laboratory: &mut Laboratory, model: Model, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.stop()?;
    let scanner = plug(model, "0001", place)?;
    permissions::settle()?;
    let holder = Holder::start(model, place.port)?;
    laboratory.edge.start()?;
    laboratory.told(BUSY, place, "")?;
    let before = laboratory.edge.tail()?;
    // A HID device that was taken from the kernel is read by nobody here.
    if model != Model::HidPos {
        let article = laboratory.code()?;
        scanner.scan(ean13(&article.gtin.to_string()))?;
        laboratory.hears_nothing(&scanner)?;
    }
    holder.end()?;
    ready(laboratory, place)?;
    let after = laboratory.edge.tail()?;
    if after != before {
        return Err("a scan that another program had became a movement".into());
    }
    laboratory.scan_some(&scanner, place, 2)
}

fn not_yet_allowed(laboratory: &mut Laboratory, model: Model, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.start()?;
    let held_back = HeldBack::begin()?;
    let scanner = plug(model, "0001", place)?;
    wait_for("the file to be root's alone", || permissions::is_shut(model, place.port))?;
    laboratory.told(DENIED, place, permissions::group(model))?;
    held_back.end();
    ready(laboratory, place)?;
    permissions::wait_ruled(model, place.port)?;
    laboratory.scan_some(&scanner, place, 2)
}

fn killed(laboratory: &mut Laboratory, model: Model, place: &Place) -> Result<(), Trouble> {
    laboratory.edge.start()?;
    let scanner = plug(model, "0001", place)?;
    ready(laboratory, place)?;
    let mut chance = Chance::of(u64::from(place.port.0));
    for number in 1..=SCANS {
        if number % KILLS_EVERY != 0 {
            laboratory.scan(&scanner, place)?;
            continue;
        }
        let article = laboratory.code()?;
        scanner.scan(ean13(&article.gtin.to_string()))?;
        pause(Duration::from_millis(chance.below(KILL_WITHIN)));
        laboratory.edge.kill()?;
        let heard = scanner.signal(HEARD_WITHIN)?;
        laboratory.edge.start()?;
        ready(laboratory, place)?;
        let is_saved = laboratory.is_last_saved(place, &article);
        match (heard, is_saved) {
            (Some(Signal::Good), Err(why)) => return Err(format!("signalled good and not saved: {why}").into()),
            (_, Ok(())) => laboratory.saved(place, &article)?,
            // As a person does who heard nothing and looked at the page.
            (_, Err(_)) => laboratory.scan_code(&scanner, place, &article)?,
        }
    }
    Ok(())
}
