//! A scan is read without asking for memory: an allocator counts.

#![expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one hands on to the system's and counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tidemark_barcode::{InStorePatterns, decode};

thread_local! {
    static COUNTED: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNTED.with(|counted| counted.set(counted.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often memory was asked for by this thread.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNTED.with(Cell::get);
    work();
    COUNTED.with(Cell::get) - before
}

#[test]
fn what_asks_for_memory_is_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1_u8)))), 1);
}

#[test]
fn no_scan_asks_for_memory() {
    for scan in [
        "4006381333931",
        "]E04006381333931",
        "96385074",
        "]E3977123456700305",
        "]I114006381333938",
        "2012345678903",
        "]C1019400638133393431030012501726013110L-7\u{1d}21S9",
        "]d201040063813339311047\u{1d}17260131",
        "https://example.com/01/04006381333931/10/A%2F7?17=260131",
        "]C0TMQ12AB12",
        "]A0ABC-123",
        "%B4111111111111111^DOE/J^2512",
        // Faults ask for none either.
        "4006381333930",
        "]C110A",
        "https://example.com/01/04006381333931/10/A%2",
        "",
    ] {
        let asked = allocations(|| {
            if let Ok(read) = decode(scan.as_bytes()) {
                let _kept = (read.judge(), read.gtin(), read.measure(), read.shape());
                let _elements = read.elements().map(|elements| elements.iter().count());
            }
        });
        assert_eq!(asked, 0, "{scan}");
    }
}

#[test]
fn no_in_store_number_asks_for_memory() {
    let patterns = InStorePatterns::parse([("2[0-9]", "PPIIIIIWWWWWC")]).unwrap();
    let asked = allocations(|| assert!(patterns.read("2012345678903").unwrap().is_some()));
    assert_eq!(asked, 0);
}
