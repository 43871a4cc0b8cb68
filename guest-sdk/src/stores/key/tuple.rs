//! Keys of several parts, and what they begin with.

use super::{AsKey, KeyPrefix, StoreKey};

macro_rules! tuple {
    ($($key:ident $given:ident),*) => {
        impl<$($key: StoreKey),*> StoreKey for ($($key,)*) {
            type Owned = ($($key::Owned,)*);

            fn form() -> String {
                format!("({})", [$($key::form()),*].join(","))
            }

            fn take(from: &mut &[u8]) -> Option<Self::Owned> {
                Some(($($key::take(from)?,)*))
            }
        }

        impl<$($key, $given: AsKey<$key>),*> AsKey<($($key,)*)> for ($($given,)*) {
            #[allow(non_snake_case, reason = "named like their types")]
            fn write_part(&self, into: &mut Vec<u8>) {
                let ($($given,)*) = self;
                $($given.write_part(into);)*
            }
        }
    };
}

macro_rules! prefix {
    ($($key:ident $given:ident),*; $($behind:ident),*) => {
        impl<$($key, $given: AsKey<$key>,)* $($behind),*> KeyPrefix<($($key,)* $($behind,)*)> for ($($given,)*) {
            #[allow(non_snake_case, reason = "named like their types")]
            fn write_prefix(&self, into: &mut Vec<u8>) {
                let ($($given,)*) = self;
                $($given.write_part(into);)*
            }
        }
    };
}

tuple!(A GivenA, B GivenB);
tuple!(A GivenA, B GivenB, C GivenC);
tuple!(A GivenA, B GivenB, C GivenC, D GivenD);

prefix!(A GivenA; B);
prefix!(A GivenA; B, C);
prefix!(A GivenA, B GivenB; C);
prefix!(A GivenA; B, C, D);
prefix!(A GivenA, B GivenB; C, D);
prefix!(A GivenA, B GivenB, C GivenC; D);
