//! The allocator of the product, so that a comparison does not compare allocators, with a count of what each thread asks.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

#[cfg(not(target_os = "linux"))]
use std::alloc::System as Product;
#[cfg(target_os = "linux")]
use tikv_jemallocator::Jemalloc as Product;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// Const and without a destructor, so that touching it allocates nothing and is allowed while a thread ends.
thread_local!(static COUNT: Cell<u64> = const { Cell::new(0) });

/// How often this thread has asked for memory so far: new pieces, and pieces to be resized.
pub(crate) fn count() -> u64 {
    COUNT.get()
}

fn one() {
    COUNT.set(COUNT.get().wrapping_add(1));
}

// SAFETY: everything is handed to the product's allocator; counting touches no memory of the heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        one();
        // SAFETY: as promised to us.
        unsafe { Product.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        one();
        // SAFETY: as promised to us.
        unsafe { Product.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as promised to us.
        unsafe { Product.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        one();
        // SAFETY: as promised to us.
        unsafe { Product.realloc(at, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::count;
    use std::hint::black_box;

    #[test]
    fn pieces_are_counted_and_so_is_growth() {
        let before = count();
        let mut list = black_box(Vec::<u64>::with_capacity(1));
        assert_eq!(count() - before, 1);
        list.extend(black_box([1, 2]));
        assert_eq!(count() - before, 2);
        drop(black_box(list));
        assert_eq!(count() - before, 2);
    }
}
