//! The tests on the real lab.
