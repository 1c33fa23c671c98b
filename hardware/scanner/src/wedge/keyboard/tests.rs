//! With a keyboard that a program makes (`uinput`), where this machine lets
//! one make it.

use std::path::PathBuf;

use super::*;
use crate::wedge::layout::Layout;
use crate::wedge::typist::Typist;

/// A keyboard with its event file; `None`, said loudly, where there is no
/// `/dev/uinput`.
#[expect(clippy::print_stderr, reason = "who reads the output of the tests must see what was not tried")]
fn keyboard() -> Option<(VirtualDevice, PathBuf)> {
    let keys: AttributeSet<KeyCode> = (1..=110).map(KeyCode).collect();
    let made = VirtualDevice::builder().and_then(|b| b.name("tidemark test").with_keys(&keys)).and_then(|b| b.build());
    let mut device = match made {
        Ok(device) => device,
        Err(error) => {
            eprintln!("NOT TESTED: a keyboard by its event file, for /dev/uinput cannot be used here ({error})");
            return None;
        }
    };
    let node = device.enumerate_dev_nodes_blocking().ok()?.flatten().next()?;
    Some((device, node))
}

fn read(keyboard: &mut Keyboard) -> Vec<u8> {
    let mut buffer = [0; 1_024];
    let heard = keyboard.read(&mut buffer, 5_000);
    let Heard::Bytes(count) = heard else { unreachable!("{heard:?} instead of keys") };
    buffer[..count].to_vec()
}

#[test]
fn a_keyboard_is_taken_for_this_process_alone_and_its_unplug_is_told() {
    let Some((mut device, node)) = keyboard() else { return };
    let path = node.to_str().unwrap().to_owned();
    let mut keyboard = Keyboard::open(&path).unwrap();
    assert!(matches!(Keyboard::open(&path).map(|_| ()), Err(Unavailable::Busy(_))));
    let keys = [5, 11, 11, 7, 4, 9, 2, 4, 4, 4, 10, 4, 2, 28];
    let events = keys.into_iter().flat_map(|key| [(key, 1), (key, 0)]);
    let events: Vec<InputEvent> = events.map(|(key, value)| InputEvent::new(EventType::KEY.0, key, value)).collect();
    for event in events {
        device.emit(&[event]).unwrap();
    }
    let mut typist = Typist::new(Layout::Us);
    let frame = loop {
        typist.handle_events(&read(&mut keyboard), 0);
        if let Some(frame) = typist.poll_frame() {
            break frame;
        }
    };
    assert_eq!(frame, b"4006381333931");
    drop(device);
    let mut buffer = [0; 1_024];
    let gone = std::iter::repeat_with(|| keyboard.read(&mut buffer, 100)).take(50).any(|h| matches!(h, Heard::Gone(_)));
    assert!(gone);
}

#[test]
fn what_is_missing_or_no_keyboard_is_told_apart() {
    let opened = |path: &str| Keyboard::open(path).map(|_| ()).unwrap_err();
    assert_eq!(opened("/dev/input/event-that-is-not-there"), Unavailable::Missing);
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = opened(file.path().to_str().unwrap());
    assert!(matches!(error, Unavailable::Failed(_)), "{error:?}");
}

#[test]
fn what_a_made_keyboard_types_is_heard_at_its_event_file() {
    // Where there is none, it was said by the keyboard of the other test.
    let Some((mut device, node)) = keyboard() else { return };
    let mut heard = Keyboard::open(node.to_str().unwrap()).unwrap();
    let mut output = crate::wedge::output::KeyboardOutput::over(Layout::De, move |key, is_down| {
        device.emit(&[InputEvent::new(EventType::KEY.0, key, i32::from(is_down))])
    });
    output.type_line("ABC-1\u{1d}10").unwrap();
    let mut typist = Typist::new(Layout::De);
    let frame = loop {
        typist.handle_events(&read(&mut heard), 0);
        if let Some(frame) = typist.poll_frame() {
            break frame;
        }
    };
    assert_eq!(frame, b"ABC-1\x1d10");
}
