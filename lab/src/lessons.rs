//! Lessons: scripted breaks, each with what to do meanwhile and what to look for.
//!
//! # Layout
//! - [`lesson`]: what a lesson is made of.
//! - [`table`]: every lesson, one file an exercise. A new one is one row there.
//! - [`runner`]: gives a lesson, step by step, and puts everything back.
//! - [`routes`]: the HTTP API over them.

pub mod lesson;
pub mod routes;
pub mod runner;
pub mod table;

pub use lesson::Lesson;
pub use runner::LessonRunner;
