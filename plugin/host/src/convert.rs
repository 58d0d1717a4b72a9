//! From generated types to those of the ports and back, by subject.
//!
//! Each line names all the fields of a record or all the cases of an enum, on
//! both sides: one that `wit/` gains and the ports don't, or the other way
//! round, does not compile.

mod cluster;
mod content;
mod heads;
mod mirror;
mod records;
mod run;
mod volumes;

/// `From`, with lists, options and results: for those, both sides of `From`
/// are foreign here.
pub(crate) trait Convert<T> {
    fn convert(self) -> T;
}

impl<A: Convert<B>, B> Convert<Vec<B>> for Vec<A> {
    fn convert(self) -> Vec<B> {
        self.into_iter().map(Convert::convert).collect()
    }
}

impl<A: Convert<B>, B> Convert<Option<B>> for Option<A> {
    fn convert(self) -> Option<B> {
        self.map(Convert::convert)
    }
}

impl<A: Convert<B>, B, E: Convert<F>, F> Convert<Result<B, F>> for Result<A, E> {
    fn convert(self) -> Result<B, F> {
        match self {
            Ok(value) => Ok(value.convert()),
            Err(error) => Err(error.convert()),
        }
    }
}

macro_rules! unchanged {
    ($($kind:ty),*) => { $(
        impl Convert<$kind> for $kind {
            fn convert(self) -> $kind {
                self
            }
        }
    )* };
}

unchanged!((), bool, i32, i64, u32, u64, String);

/// `from => to { fields }`
macro_rules! record {
    ($from:ty => $to:ty { $($field:ident),* $(,)? }) => {
        impl $crate::convert::Convert<$to> for $from {
            fn convert(self) -> $to {
                type From = $from;
                type To = $to;
                let From { $($field),* } = self;
                To { $($field: $crate::convert::Convert::convert($field)),* }
            }
        }
    };
}

/// `from => to { cases }`, those with a value as `Case(_)`.
macro_rules! cases {
    ($from:ty => $to:ty { $($case:ident $(($value:ident))?),* $(,)? }) => {
        impl $crate::convert::Convert<$to> for $from {
            fn convert(self) -> $to {
                type From = $from;
                type To = $to;
                match self {
                    $(From::$case $(($value))? => To::$case $((
                        $crate::convert::Convert::convert($value)
                    ))?),*
                }
            }
        }
    };
}

pub(crate) use {cases, record};
