//! What threads leave behind that needed large pieces. In a process of its own, whose memory is measured.
#![cfg(all(test, target_os = "linux", target_env = "gnu"))]

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

const THREADS: usize = 8;
const PIECE: usize = 8 << 20;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let told = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = told.unwrap().trim().trim_end_matches(" kB");
    kilobytes.parse::<usize>().unwrap() * 1024
}

#[test]
fn a_large_piece_is_given_back_by_whichever_thread_frees_it() {
    malloc_trim::keep_large_apart();
    let before = resident();
    let all_are_free = Barrier::new(THREADS + 1);
    let measured = Barrier::new(THREADS + 1);
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                // The C library learns from the first.
                for _ in 0..2 {
                    drop(black_box(vec![1_u8; PIECE]));
                }
                all_are_free.wait();
                measured.wait();
            });
        }
        all_are_free.wait();
        let kept = resident().saturating_sub(before);
        measured.wait();
        assert!(kept < PIECE, "{kept} bytes are kept");
    });
}
