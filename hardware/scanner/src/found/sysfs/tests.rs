use std::os::unix::fs::symlink;

use super::*;

/// A `/sys` with what a test plugs in.
struct Made {
    folder: tempfile::TempDir,
}

const PCI: &str = "devices/pci0000:00/0000:00:14.0";
const POS: [u8; 7] = [0x05, 0x8c, 0x09, 0x02, 0xa1, 0x01, 0xc0];

impl Made {
    fn new() -> Self {
        let made = Self { folder: tempfile::tempdir().unwrap() };
        made.folder_with(PCI, &[]);
        made.subsystem(PCI, "pci");
        made
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn folder_with(&self, path: &str, files: &[(&str, &[u8])]) {
        let folder = self.root().join(path);
        fs::create_dir_all(&folder).unwrap();
        for (name, content) in files {
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            fs::write(folder.join(name), content).unwrap();
        }
    }

    fn subsystem(&self, path: &str, name: &str) {
        symlink(format!("/sys/bus/{name}"), self.root().join(path).join("subsystem")).unwrap();
    }

    fn usb(&self, port: &str, ids: (&str, &str), serial: &str) {
        let files: [(&str, &[u8]); 4] = [
            ("idVendor", ids.0.as_bytes()),
            ("idProduct", ids.1.as_bytes()),
            ("serial", serial.as_bytes()),
            ("product", b"A device\n"),
        ];
        let path = format!("{PCI}/usb1/{port}");
        self.folder_with(&path, &files);
        self.folder_with("bus/usb/devices", &[]);
        symlink(self.root().join(&path), self.root().join("bus/usb/devices").join(port)).unwrap();
    }

    /// A file of a class, whose device is a folder below that of a port.
    fn class(&self, class: &str, name: &str, device: &str, files: &[(&str, &[u8])]) {
        self.folder_with(device, files);
        let entry = format!("class/{class}/{name}");
        self.folder_with(&entry, &[]);
        symlink(self.root().join(device), self.root().join(entry).join("device")).unwrap();
    }

    fn all(&self) -> Vec<Found> {
        Sysfs::at(&self.root()).all()
    }
}

/// The file, how it is read, and the port of each.
fn summary<'a>(found: &'a [Found]) -> Vec<(&'a str, Option<Kind>, &'a str)> {
    let of = |found: &'a Found| {
        let Found { node, kind, port, .. } = found;
        let node = node.as_deref().and_then(Path::to_str).unwrap_or("none");
        (node, *kind, port.as_ref().map_or("none", PortPath::as_str))
    };
    found.iter().map(of).collect()
}

#[test]
fn each_kind_is_found_at_its_port_and_a_console_is_not() {
    let made = Made::new();
    made.usb("1-2", ("05f9\n", "4204\n"), "A1");
    made.class("tty", "ttyACM0", &format!("{PCI}/usb1/1-2/1-2:1.0"), &[]);
    made.usb("1-3.1", ("0c2e", "0b61"), "");
    made.class("hidraw", "hidraw0", &format!("{PCI}/usb1/1-3.1/1-3.1:1.0/0003:0C2E.1"), &[("report_descriptor", &POS)]);
    made.usb("1-4", ("1234", "0001"), "");
    let keyboard = format!("{PCI}/usb1/1-4/1-4:1.0/0003:1234.2/input/input7");
    made.class(
        "input",
        "event3",
        &keyboard,
        &[("capabilities/key", b"1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe\n")],
    );
    let mouse = format!("{PCI}/usb1/1-4/1-4:1.1/0003:1234.3/input/input8");
    made.class("input", "event4", &mouse, &[("capabilities/key", b"70000 0 0 0 0\n")]);
    made.class(
        "hidraw",
        "hidraw1",
        &format!("{PCI}/usb1/1-4/1-4:1.0/0003:1234.2"),
        &[("report_descriptor", b"\x05\x01\x09\x06\xa1\x01\xc0")],
    );
    made.class("tty", "ttyS0", "devices/pnp0/00:05", &[]);
    made.folder_with("class/tty/console", &[]);
    let found = made.all();
    assert_eq!(
        summary(&found),
        [
            ("/dev/ttyS0", Some(Kind::Serial), "none"),
            ("/dev/ttyACM0", Some(Kind::Serial), "pci-0000:00:14.0-usb-0:2"),
            ("/dev/hidraw0", Some(Kind::HidPos), "pci-0000:00:14.0-usb-0:3.1"),
            ("/dev/input/event3", Some(Kind::Keyboard), "pci-0000:00:14.0-usb-0:4"),
        ]
    );
    let usb = found.iter().find_map(|found| found.usb.clone()).unwrap();
    assert_eq!((usb.vendor_id, usb.product_id, usb.serial.as_deref()), (0x05f9, 0x4204, Some("A1")));
    assert_eq!(Sysfs::at(&made.root()).node(Path::new("/dev/ttyACM0")).as_ref(), found.get(1));
    assert_eq!(Sysfs::at(&made.root()).node(Path::new("/dev/pts/3")), None);
}

#[test]
fn two_alike_with_the_same_serial_number_are_two() {
    let made = Made::new();
    for (port, name) in [("1-2", "ttyUSB0"), ("1-3", "ttyUSB1")] {
        made.usb(port, ("0403", "6001"), "SAME");
        made.class("tty", name, &format!("{PCI}/usb1/{port}/{port}:1.0/{name}"), &[]);
    }
    let ports: BTreeSet<_> = made.all().into_iter().filter_map(|found| found.port).collect();
    assert_eq!(ports.len(), 2);
}

#[test]
fn a_scanner_in_a_mode_without_a_way_in_is_found_with_advice() {
    let made = Made::new();
    made.usb("1-2", ("05e0", "1900"), "");
    made.usb("1-5", ("046d", "c31c"), "");
    let found = made.all();
    assert_eq!(summary(&found), [("none", None, "pci-0000:00:14.0-usb-0:2")]);
    assert!(found[0].advice().unwrap().contains("USB HID POS"));
}

#[test]
fn a_controller_behind_a_bridge_of_a_small_board_is_spelled_as_udev_does() {
    let made = Made::new();
    let chain = "devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0/0000:01:00.0";
    made.folder_with(chain, &[]);
    made.subsystem(chain, "pci");
    made.subsystem("devices/platform/scb/fd500000.pcie/pci0000:00/0000:00:00.0", "pci");
    made.subsystem("devices/platform/scb/fd500000.pcie", "platform");
    made.subsystem("devices/platform/scb", "platform");
    let device = format!("{chain}/usb1/1-1/1-1.3");
    made.folder_with(&device, &[("idVendor", b"05f9"), ("idProduct", b"4204")]);
    made.class("tty", "ttyACM0", &format!("{device}/1-1.3:1.0"), &[]);
    let port = made.all()[0].port.clone().unwrap();
    assert_eq!(port.as_str(), "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3");
}

#[test]
fn a_device_that_a_program_took_from_the_system_is_told_from_an_empty_port() {
    let made = Made::new();
    made.usb("1-2", ("1eab", "1d10"), "");
    let device = format!("{PCI}/usb1/1-2");
    made.folder_with(&device, &[("busnum", b"1\n"), ("devnum", b"12\n")]);
    let interface = format!("{device}/1-2:1.0");
    made.folder_with(&interface, &[("bInterfaceNumber", b"00\n")]);
    let at = |port: &str| Sysfs::at(&made.root()).without_a_file(&PortPath::parse(port).unwrap());
    let port = "pci-0000:00:14.0-usb-0:2";
    assert_eq!(at(port), Some(WithoutAFile::NoDriver), "left so by whoever took it");
    let driver = made.root().join(&interface).join("driver");
    symlink("/sys/bus/usb/drivers/usbfs", &driver).unwrap();
    assert_eq!(at(port), Some(WithoutAFile::Taken(PathBuf::from("/dev/bus/usb/001/012"))));
    fs::remove_file(&driver).unwrap();
    symlink("/sys/bus/usb/drivers/usbhid", &driver).unwrap();
    assert_eq!(at(port), None, "its file comes");
    assert_eq!(at("pci-0000:00:14.0-usb-0:3"), None);
}
